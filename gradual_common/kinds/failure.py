"""What a failure kind is, and the failure kinds that every action may have."""

from __future__ import annotations

import re
from dataclasses import dataclass

ASSERTION = "assertion"
"""A failed assertion has the kind `assertion:NAME`."""

MAX_LABEL_PART = 60
"""Characters of a name that a label quotes."""


@dataclass(frozen=True, slots=True)
class FailureKind:
    """One way to fail.

    Agents count failures by kind, and describe some of them in words (`detail`). The label in reports is found by a
    part of these words.
    """

    # By a part, because the texts of operating systems and libraries differ from version to version.

    name: str
    label: str
    """The label in reports when no cause is known: `no connection`."""

    has_response: bool | None = None
    """Whether the response was complete, so that it was measured and judged. None: it differs, see each sample."""

    by_status: bool = False
    """Whether reports divide these failures by status code."""

    causes: tuple[tuple[str, str], ...] = ()
    """Pairs of a part of the detail, in lower case, and a label; the first part that is found counts."""

    pattern: tuple[re.Pattern[str], str] | None = None
    """Tried before `causes`: a pattern, and a label into which its first group is put."""

    def label_for(self, detail: str) -> str:
        """The label of a failure of this kind with this detail."""
        if self.pattern is not None and (found := self.pattern[0].search(detail)):
            return self.pattern[1].format(found[1][:MAX_LABEL_PART])
        lower = detail.lower()
        return next((label for part, label in self.causes if part in lower), self.label)


WITHIN = re.compile(r"within ([\d.e+]+ ?\w*)")

EXTRACT = FailureKind(
    "extract", "value to extract not found", True, pattern=(re.compile(r"'([^']+)' was not found"), "{!r} not found")
)
TIMEOUT = FailureKind("timeout", "timed out", False, pattern=(WITHIN, "timed out after {}"))
TEMPLATE = FailureKind("template", "template failed")
INTERNAL = FailureKind("internal", "internal error of Gradual")
POLL = FailureKind("poll", "poll not done in time", pattern=(WITHIN, "poll not done after {}"))
DATA = FailureKind("data", "no data", causes=(("is full", "pool is full"), ("is empty", "pool is empty")))
