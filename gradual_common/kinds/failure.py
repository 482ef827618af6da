"""What a failure kind is, and those that an action of any kind may have."""

from __future__ import annotations

import re
from dataclasses import dataclass

ASSERTION = "assertion"
"""Failures of an assertion are called `assertion:` and its name."""

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class FailureKind:
    """One way to fail.

    Agents count a failure by its kind and describe some of them by a sentence; what people call it is found by a part
    of that sentence, since what operating systems and libraries say differs from version to version.
    """

    name: str
    label: str
    """What people call it where nothing more is known of it: `no connection`."""

    has_response: bool | None = None
    """Whether a response arrived whole, and so was measured and judged; None: it varies, and each sample tells."""

    by_status: bool = False
    """Failures of this kind differ by the status code of the response."""

    causes: tuple[tuple[str, str], ...] = ()
    """A part of the sentence, in small letters, and the label; the first that is found counts."""

    pattern: tuple[re.Pattern[str], str] | None = None
    """What to look for in the sentence first, and the label with the place of its first group."""

    def label_for(self, sentence: str) -> str:
        """What people call a failure of this kind that was described so."""
        if self.pattern is not None and (found := self.pattern[0].search(sentence)):
            return self.pattern[1].format(found[1][:LONGEST_NAME])
        lower = sentence.lower()
        return next((label for part, label in self.causes if part in lower), self.label)


WITHIN = re.compile(r"within ([\d.e+]+ ?\w*)")

EXTRACT = FailureKind(
    "extract", "value to extract not found", True, pattern=(re.compile(r"'([^']+)' was not found"), "{!r} not found")
)
TIMEOUT = FailureKind("timeout", "timed out", False, pattern=(WITHIN, "timed out after {}"))
TEMPLATE = FailureKind("template", "template failed")
INTERNAL = FailureKind("internal", "internal error of Gradual")
