"""Extraction: values of a response that an action stores in its user's variables.

A missing value takes its default. Without a default the action fails (kind `extract`), and the variable keeps its old
value. JMESPath cannot tell null from missing, so null counts as missing. When no response came, the defaults are set,
so that the templates of later steps still work; the failure stays what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradual_agent.runtime.sample import Sample
from gradual_common.errors import QueryError
from gradual_common.kinds.content import Content
from gradual_common.kinds.extraction import Extraction
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.values.lookups import LOOKUPS, CookieJar


class Extractor:
    """The compiled extractions of one action."""

    __slots__ = ("_defaults", "_finds", "_sources", "wants_body", "wants_headers")

    def __init__(self, specs: Mapping[str, Extraction]) -> None:
        kinds = [LOOKUPS[spec.source] for spec in specs.values()]
        self.wants_headers = any(kind.reads == "headers" for kind in kinds)
        self.wants_body = any(kind.reads == "body" for kind in kinds)
        self._finds = tuple((name, LOOKUPS[spec.source].compile(spec.expression)) for name, spec in specs.items())
        self._sources = {name: f"{spec.source}: {spec.expression}" for name, spec in specs.items()}
        self._defaults = {name: spec.default for name, spec in specs.items() if spec.has_default}

    def __len__(self) -> int:
        return len(self._finds)

    def extract(self, sample: Sample, content: Content, cookies: CookieJar, variables: dict[str, Any]) -> None:
        """Set `variables` from a complete response; a missing value fails the sample unless it has failed already."""
        for name, find in self._finds:
            try:
                value = find(content, cookies)
            except QueryError:
                value = None
            if value is not None:
                variables[name] = value
            elif name in self._defaults:
                variables[name] = self._defaults[name]
            else:
                fail_extraction(sample, name, self._sources[name])

    def set_defaults(self, variables: dict[str, Any]) -> None:
        """Set the defaults, because there is no response."""
        variables.update(self._defaults)


def fail_extraction(sample: Sample, name: str, source: str) -> None:
    """A value was not found: the sample fails, unless it has failed already."""
    if not sample.kind:
        sample.kind = KIND["extract"]
        sample.failed_assertions = 0
    sample.detail = sample.detail or f"{name!r} was not found in the response ({source})"
