"""What `gradual try` prints: every condition, request, response, assertion and variable, as plain text, masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradual_agent.kinds.engines import Message
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.assertions.assertion import Assertion
from gradual_common.kinds.causes import label_of
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.kinds.kind import ActionSpec
from gradual_common.language.document import SETUP, TEARDOWN, Once
from gradual_common.secrecy.credentials import credentials_in, credentials_in_fields, credentials_in_text
from gradual_common.secrecy.masking import Mask

MAX_BODY_CHARACTERS = 4000
"""Characters of a body that are printed."""

MAX_READ_CHARACTERS = 4 * MAX_BODY_CHARACTERS
"""Characters of a body that are masked before it is shortened."""

WIDTH = 80
NAMES: dict[Once, str] = {SETUP: "set-up", TEARDOWN: "teardown"}


class TrialPrinter:
    """Prints what happens; `failures` counts the steps that failed."""

    def __init__(self, write: Callable[[str], None], mask: Mask, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self.failures = 0
        self._write = write
        self._mask = mask
        self._failures = failures

    def say(self, text: str = "") -> None:
        """Print one line or several, with secrets and recognised credentials masked."""
        self._write(self._mask.hide_text(text))

    def learn(self, credentials: Iterable[str]) -> None:
        """Mask these credentials from now on, also where the other side repeats them."""
        self._mask = self._mask.also(credentials=credentials)

    def count_failure(self) -> None:
        """Count a failed step, also one that could not be started."""
        self.failures += 1

    def begin(self, group: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the group, and the user's rows of data."""
        self.say(f"One user of {group!r}: slot 0, one iteration. Think times are not waited for.")
        for name, row in rows.items():
            self.learn(credentials_in(row, is_sent=True))
            cells = (f"{column} = {self._mask.hide_named(column, repr(value))}" for column, value in row.items())
            self.say(f"  {name}: " + ", ".join(cells))

    def begin_once(self, section: Once) -> None:
        """Print that the set-up or the teardown follows."""
        self.say(f"The {NAMES[section]}, which is performed once in a run.")

    def begin_step(self, step: str, action: str) -> None:
        """Print the heading of a step."""
        title = step if step == action else f"{step} ({action})"
        self.say(f"\n── {title} {'─' * max(2, WIDTH - 4 - len(title))}")

    def show_condition(self, step: str, text: str, outcome: bool | str, *, skips: bool = True) -> None:
        """Print the result of a condition: true, false, or its error; `skips`: a false one leaves its step out."""
        if isinstance(outcome, str):
            self.say(f"\n{step}: condition {text} cannot be evaluated: {outcome}")
        else:
            self.say(f"\n{step}: condition {text} is {'true' if outcome else 'false: skipped' if skips else 'false'}")

    def show_request(self, title: str, message: Message) -> None:
        """Print a request as it is sent."""
        fields = (f"{name}: {value}" for name, value in message.fields)
        for text in (title, *fields, message.text[:MAX_READ_CHARACTERS]):
            self.learn(credentials_in_text(text))
        self.say(title)
        self._show(message)

    def show_response(self, title: str, message: Message | None) -> None:
        """Print the last response, if there was one."""
        if title:
            self.say(f"\n{title}")
        if message is not None:
            self.learn(credentials_in_fields(message.fields))
            self._show(message)

    def _show(self, message: Message) -> None:
        lines = [f"{name}: {value}" for name, value in message.fields]
        self.say(indent(lines) + show_body(message.body, message.text, self._mask.hide_text))

    def end_step(self, spec: ActionSpec, sample: Sample, variables: Mapping[str, Any]) -> None:
        """Print assertions, extracted variables, and the outcome of the step."""
        self.say()
        for number, assertion in enumerate(spec.assertions if sample.has_response else ()):
            verdict = "failed" if sample.failed_assertions >> number & 1 else "held"
            self.say(f"  assertion {verdict}: {assertion.text or assertion.check}")
        for name, value in variables.items():
            self.say(f"  {name} = {self._mask.hide_named(name, repr(value))}")
        self.say(f"  {outcome_of(sample, sample.explain(self._mask.hide_text), spec.assertions, self._failures)}")

    def show_failure(self, step: str, sample: Sample) -> None:
        """Print a failure that no action prints: of an expression, an empty pool, a poll whose time is over."""
        self.begin_step(step, step)
        self.say(f"  {outcome_of(sample, sample.explain(self._mask.hide_text), (), self._failures)}")

    def end(self) -> None:
        """Print the summary at the end of the iteration."""
        failed = f"{self.failures} step{'s' if self.failures != 1 else ''} failed"
        self.say(f"\nDone: {failed if self.failures else 'every step succeeded'}.")


def outcome_of(
    sample: Sample, detail: str, assertions: Sequence[Assertion] = (), failures: FailureKinds = BUILT_IN_KINDS
) -> str:
    """`success`, or the label of the failure, its kind, and its sentence: `failed: HTTP 404 (status)`."""
    if sample.kind == 0:
        return "success"
    if sample.kind == INTERRUPTED:
        return "failed: interrupted"
    kind = failures.names[sample.kind]
    label = label_of(kind, detail, sample.status_code or None, assertions)
    reason = f": {detail}" if detail and detail != label else ""
    return (f"failed: {kind}" if label == kind else f"failed: {label} ({kind})") + reason


def indent(lines: list[str]) -> str:
    """The lines, indented."""
    return "\n".join(f"  {line}" for line in lines)


def show_body(body: bytes, text: str, hide: Callable[[str], str]) -> str:
    """A body below its headers: text masked by `hide` and shortened; the size of anything else."""
    if not body:
        return ""
    if not all(character.isprintable() or character in "\r\n\t" for character in text.replace("\ufffd", "\0")):
        return f"\n\n  ({len(body)} bytes that are not text)"
    # Masked first, then shortened: the other order could leave half of a secret unmasked.
    shown = hide(text[:MAX_READ_CHARACTERS])
    if len(shown) > MAX_BODY_CHARACTERS or len(text) > MAX_READ_CHARACTERS:
        shown = f"{shown[:MAX_BODY_CHARACTERS]}… ({max(len(text), len(shown)) - MAX_BODY_CHARACTERS} characters more)"
    return "\n\n" + indent(shown.splitlines())
