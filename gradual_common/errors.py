"""The exceptions of `gradual_common`.

GradualError                 everything that Gradual raises on purpose
├── PlanError                mistakes in a plan, all of them at once (`problems`)
├── UnitError                a duration, rate or share that cannot be read
├── RuleError                an objective that cannot be read
├── DataFileError            a data file that cannot be read
├── TemplateError            a template that cannot be compiled or rendered
├── QueryError               a JMESPath expression that cannot be evaluated on a response
├── PatternError             a regular expression that RE2 does not know
├── ActionKindError          a kind of action that does not exist, or cannot be used
├── RequestError             a request that cannot be put into bytes: its URL, a header's name or value
├── SecurityError            a token or certificate of the fleet that cannot be used, or an address without them
├── TlsFileError             a certificate, key or passphrase that cannot be used
├── HistogramMismatchError   histograms of other parameters cannot be merged
└── WireError                a message that cannot be read
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gradual_common.process.exit_codes import NOT_DONE, WRONG_INPUT
from gradual_common.secrecy.masking import hide_addresses
from gradual_common.secrecy.quoting import brief


class GradualError(Exception):
    """Everything that Gradual raises on purpose."""

    exit_code: ClassVar[int] = NOT_DONE
    """The exit code of a command that ends with this error."""


class UnitError(GradualError, ValueError):
    """A duration, rate or share that cannot be read; the message says what is allowed."""

    exit_code = WRONG_INPUT


class RuleError(GradualError, ValueError):
    """An objective that cannot be read: `rule` as it was written, and the `reason`, which says what is allowed."""

    def __init__(self, rule: str, reason: str) -> None:
        self.rule = rule
        self.reason = reason
        super().__init__(f"{rule.strip()!r}: {reason}")


class DataFileError(GradualError):
    """A data file that cannot be read; the message says what is wrong, and on which line."""


class TemplateError(GradualError):
    """A template or condition that cannot be compiled, or that failed while rendering."""


class QueryError(GradualError):
    """A JMESPath expression that cannot be evaluated on a response; the message says why."""


class PatternError(GradualError, ValueError):
    """A regular expression that RE2 does not know, or that is too large; the message says what to write instead."""


class ActionKindError(GradualError, ValueError):
    """A kind of action that does not exist or cannot be used; the message lists the known ones, or says why."""

    exit_code = WRONG_INPUT


class PoolError(GradualError):
    """A pool has no value to take, or no room for one: a failure of the kind `data`."""


class RequestError(GradualError, ValueError):
    """A request that cannot be put into bytes; the message names the URL or the header and what is wrong with it."""


class TlsFileError(GradualError):
    """A certificate, key or passphrase that cannot be used: `setting` of the plan's `tls`, and the `reason`."""

    def __init__(self, setting: str, reason: str) -> None:
        self.setting = setting
        self.reason = reason
        super().__init__(f"tls.{setting}: {reason}")


class SecurityError(GradualError):
    """A token or certificate of the fleet that cannot be used, or that an address needs; it says what to do."""

    exit_code = WRONG_INPUT


class HistogramMismatchError(GradualError, ValueError):
    """Histograms of other parameters cannot be merged."""


class WireError(GradualError):
    """A message that cannot be read: its columns do not fit together, or a field is out of range."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a plan: where (`file`, 1-based `line`, `path` in the plan), what, and what to do.

    Of a value it shows at most 40 characters, and no credentials.
    """

    message: str
    path: str = ""
    file: str = ""
    line: int | None = None
    hint: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", brief(self.message))
        object.__setattr__(self, "file", hide_addresses(self.file))

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        parts = [part for part in (place, self.path, self.message) if part]
        text = ": ".join(parts)
        return f"{text} ({self.hint})" if self.hint else text


class PlanError(GradualError):
    """Every mistake found in a plan, reported in one go."""

    exit_code = WRONG_INPUT

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
