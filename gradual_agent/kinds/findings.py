"""Why assertions failed, in words: what was expected, and the begin of what was found.

Only a few of many failures are ever shown, so the words are made when somebody asks. What was found is masked before it
is cut off, for half a secret is one, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from gradual_agent.kinds.content import NOT_JSON, Content
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.model import Assertion
from gradual_common.secrecy.masking import conceals
from gradual_common.secrecy.quoting import MOST_SHOWN, shorten
from gradual_common.templates.templates import Compiled, Literal, Scope

_WORD = re.compile(r"[\w-]+")

MOST_READ = 64 * 1024
"""Characters that are masked."""

Hide = Callable[[str], str]
Find = Callable[[Content], Any]

Judged = tuple[Assertion, Find | None, Compiled]
"""An assertion, what looks up in the response what it compares (None: its figures are enough), what is expected."""


class Finding:
    """One assertion that failed. `error`: why it could not be evaluated, else None."""

    __slots__ = ("_content", "_error", "_expected", "_find", "_scope", "_spec")

    def __init__(self, judged: Judged, content: Content, scope: Scope, error: Exception | None) -> None:
        self._spec, self._find, self._expected = judged
        self._content = content
        self._scope = scope
        self._error = error

    def tell(self, sample: Sample, hide: Hide) -> str:
        """`expected response_time: < 500ms, found 734.2 ms`."""
        if self._is_secret:
            return f"expected another value of {self._spec.check} {self._spec.subject}"
        written = shorten(hide(self._spec.text or self._spec.check))
        said = f"expected {written}{self._rendered(hide)}, found {self._found(sample, hide)}"
        return f"{said} ({shorten(hide(str(self._error)), 4 * MOST_SHOWN)})" if self._error is not None else said

    @property
    def _is_secret(self) -> bool:
        """Whether what is looked up is a credential by its name: `data.token`, `Authorization`."""
        return any(map(conceals, _WORD.findall(self._spec.subject)))

    def _rendered(self, hide: Hide) -> str:
        """What the template in it came to, unless that is the error."""
        if isinstance(self._expected, Literal):
            return ""
        try:
            return f" (= {show(self._expected.render(self._scope), hide)})"
        except Exception:  # The error that is told beside it.
            return ""

    def _found(self, sample: Sample, hide: Hide) -> str:
        if self._spec.check == "status_code":
            return str(sample.status_code)
        if self._spec.check == "response_time":
            return f"{(sample.ended - sample.started) / NS_PER_MS:,.1f} ms"
        if self._spec.check == "body_size":
            return f"{len(self._content.body):,} bytes"
        if self._spec.check == "json" and self._content.json is NOT_JSON:
            return f"a body that is not JSON: {show(self._content.text, hide)}"
        assert self._find is not None, "what is left is looked up in the response"
        try:
            return show(self._find(self._content), hide)
        except Exception:  # The error that is told beside it.
            return "nothing"


class Findings:
    """Every assertion of a sample that failed, in the order of the plan."""

    __slots__ = ("_all",)

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._all = findings

    def tell(self, sample: Sample, hide: Hide) -> str:
        """One after the other."""
        return "; ".join(finding.tell(sample, hide) for finding in self._all)


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
