"""What an assertion is: `check: …` in a plan, its normal form, and the class that knows everything of one check.

An assertion of a kind of its own is one file with a subclass of `Check`, and a line in `written.CHECKS`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol

from gradual_common.kinds.content import Content
from gradual_common.kinds.failure import FailureKind, assertion_failure
from gradual_common.language.forms import Fragment
from gradual_common.language.model import Model
from gradual_common.secrecy.quoting import shorten
from gradual_common.templates.templates import Compiled, Scope

MOST_READ = 64 * 1024
"""Characters of what was found that are masked before the begin of it is shown."""

Hide = Callable[[str], str]


class Assertion(Model):
    """One assertion, normalised: what each check makes of it stands in its file."""

    check: str
    subject: str = ""
    """What is looked up: the name of a header, a JMESPath expression."""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "exists"]
    expected: Any = None
    """What it is compared with; a text may be a template."""
    text: str = ""
    """As written, for messages."""


class Measured(Protocol):
    """What an assertion may ask of a sample; instants in ns."""

    started: int
    ended: int
    status_code: int


Predicate = Callable[[Measured, Content, Scope], bool]
"""Whether an assertion holds of a sample and its response; the scope is what templates read."""


class Check(ABC):
    """One kind of assertion. Its instance knows nothing of a single assertion, which it is given."""

    name: ClassVar[str]
    """The key in a plan."""

    schema: ClassVar[Fragment]
    """How its value is written, for editors."""

    label: ClassVar[str] = ""
    """What people call a failure of it where nothing more is known."""

    reads: ClassVar[Literal["", "headers", "body"]] = ""
    """What of the response must be kept for it."""

    is_shared: ClassVar[bool] = True
    """Whether every kind of action has it: any response has a time and a body."""

    by_status: ClassVar[bool] = False
    """Whether its failures differ by status codes."""

    @property
    def failure(self) -> FailureKind:
        """How samples fail that it does not hold of."""
        return assertion_failure(self.name, self.label, by_status=self.by_status)

    @abstractmethod
    def read(self, value: Any) -> dict[str, Any]:
        """From what people write to `op`, `expected` and `subject`; ValueError says what is allowed."""

    @abstractmethod
    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """When one holds; `expected`: its expected value, compiled."""

    @abstractmethod
    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """What was found instead, in words, masked and then cut."""

    def label_for(self, assertion: Assertion) -> str:
        """What people call a failure of this one; without what a body or a header should be, which may be secret."""
        return self.failure.label


def show(value: Any, hide: Hide) -> str:
    """The begin of a value as JSON; `nothing` for one that is not there."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return json.dumps(shorten(hide(value[:MOST_READ])), ensure_ascii=False)
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return shorten(hide(text[:MOST_READ]))
