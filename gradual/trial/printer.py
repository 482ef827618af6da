"""What `gradual try` says: every condition, request, response, assertion and variable, in plain text, masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradual_agent.kinds.engines import Message
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.causes import label_of
from gradual_common.kinds.checks.check import Assertion
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.kinds.model import ActionSpec
from gradual_common.secrecy.credentials import credentials_in, credentials_in_fields, credentials_in_text
from gradual_common.secrecy.masking import Mask

MOST_BODY = 4000
MOST_READ = 4 * MOST_BODY
WIDTH = 80


class TrialPrinter:
    """Writes down what happens; `failures` counts the steps that failed."""

    def __init__(self, write: Callable[[str], None], mask: Mask, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self.failures = 0
        self._write = write
        self._mask = mask
        self._failures = failures

    def say(self, text: str = "") -> None:
        """A line, or several, without secrets and without what tells that it is a credential."""
        self._write(self._mask.hide_text(text))

    def _learn(self, credentials: Iterable[str]) -> None:
        """What one side says in a credential's place is hidden wherever it is repeated."""
        self._mask = self._mask.also(credentials=credentials)

    def count_failure(self) -> None:
        """A step has failed, whether it was printed or could not even begin."""
        self.failures += 1

    def begin(self, group: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Who acts, and with which data."""
        self.say(f"One user of {group!r}: slot 0, one iteration. Think times are not waited for.")
        for name, row in rows.items():
            self._learn(credentials_in(row, is_sent=True))
            cells = (f"{column} = {self._mask.hide_named(column, repr(value))}" for column, value in row.items())
            self.say(f"  {name}: " + ", ".join(cells))

    def begin_step(self, step: str, action: str) -> None:
        """A step is performed."""
        title = step if step == action else f"{step} ({action})"
        self.say(f"\n── {title} {'─' * max(2, WIDTH - 4 - len(title))}")

    def show_condition(self, step: str, text: str, outcome: bool | str) -> None:
        """What a condition came to: true, false, or the error that it met."""
        if isinstance(outcome, str):
            self.say(f"\n{step}: condition {text} cannot be evaluated: {outcome}")
        else:
            self.say(f"\n{step}: condition {text} is {'true' if outcome else 'false: skipped'}")

    def show_request(self, title: str, message: Message) -> None:
        """The request as it is written."""
        fields = (f"{name}: {value}" for name, value in message.fields)
        for text in (title, *fields, message.text[:MOST_READ]):
            self._learn(credentials_in_text(text))
        self.say(title)
        self._show(message)

    def show_response(self, title: str, message: Message | None) -> None:
        """The last response; nothing where none came."""
        if title:
            self.say(f"\n{title}")
        if message is not None:
            self._learn(credentials_in_fields(message.fields))
            self._show(message)

    def _show(self, message: Message) -> None:
        lines = [f"{name}: {value}" for name, value in message.fields]
        self.say(indent(lines) + show_body(message.body, message.text, self._mask.hide_text))

    def end_step(self, spec: ActionSpec, sample: Sample, variables: Mapping[str, Any]) -> None:
        """What was asserted and extracted, and how the step ended."""
        self.say()
        for number, assertion in enumerate(spec.assertions if sample.has_response else ()):
            verdict = "failed" if sample.failed_assertions >> number & 1 else "held"
            self.say(f"  assertion {verdict}: {assertion.text or assertion.check}")
        for name, value in variables.items():
            self.say(f"  {name} = {self._mask.hide_named(name, repr(value))}")
        self.say(f"  {outcome_of(sample, sample.explain(self._mask.hide_text), spec.assertions, self._failures)}")

    def end(self) -> None:
        """The iteration is over."""
        failed = f"{self.failures} step{'s' if self.failures != 1 else ''} failed"
        self.say(f"\nDone: {failed if self.failures else 'every step succeeded'}.")


def outcome_of(
    sample: Sample, detail: str, assertions: Sequence[Assertion] = (), failures: FailureKinds = BUILT_IN_KINDS
) -> str:
    """`success`, or what failed in words, its kind, and the sentence: `failed: HTTP 404 (status)`."""
    if sample.kind == 0:
        return "success"
    if sample.kind == INTERRUPTED:
        return "failed: interrupted"
    kind = failures.names[sample.kind]
    label = label_of(kind, detail, sample.status_code or None, assertions)
    said = f": {detail}" if detail and detail != label else ""
    return (f"failed: {kind}" if label == kind else f"failed: {label} ({kind})") + said


def indent(lines: list[str]) -> str:
    """Each line moved in."""
    return "\n".join(f"  {line}" for line in lines)


def show_body(body: bytes, text: str, hide: Callable[[str], str]) -> str:
    """A body below its headers: text as `hide` shows it, long ones cut, anything else by its size."""
    if not body:
        return ""
    if not all(character.isprintable() or character in "\r\n\t" for character in text.replace("\ufffd", "\0")):
        return f"\n\n  ({len(body)} bytes that are not text)"
    # Masked first, and cut then: half a secret is one, too.
    shown = hide(text[:MOST_READ])
    if len(shown) > MOST_BODY or len(text) > MOST_READ:
        shown = f"{shown[:MOST_BODY]}… ({max(len(text), len(shown)) - MOST_BODY} characters more)"
    return "\n\n" + indent(shown.splitlines())
