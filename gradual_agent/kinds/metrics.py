"""The custom metrics of an action: what is recorded of a response that is a success.

The values are all found before the first is recorded: one that is required and missing fails the action, and then
nothing of it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradual_agent.kinds.extraction import Extractor, fail_extraction
from gradual_agent.runtime.sample import Sample
from gradual_common.errors import QueryError, TemplateError
from gradual_common.kinds.content import Content
from gradual_common.kinds.extraction import Extraction
from gradual_common.kinds.kind import ActionSpec
from gradual_common.kinds.values.lookups import LOOKUPS, CookieJar
from gradual_common.kinds.values.metrics import VALUE, Metric, as_number
from gradual_common.templates.compiled import Scope
from gradual_common.templates.templates import compile_value

Record = Callable[[str, Any], bool]
"""Records a value under a metric's name; whether it is a number."""

FindValue = Callable[[Content, CookieJar, Scope], Any]


def extractor_of(spec: ActionSpec, record: Record) -> Extractor:
    """The extractions of an action, and its metrics if it has any."""
    return MetricExtractor(spec.extract, spec.record, record) if spec.record else Extractor(spec.extract)


class MetricExtractor(Extractor):
    """Extractions, then metrics."""

    __slots__ = ("_metrics", "_record")

    def __init__(self, specs: Mapping[str, Extraction], metrics: Mapping[str, Metric], record: Record) -> None:
        super().__init__(specs)
        # What has no source in the plan is recorded by the action's own code, but for a counter of successes.
        planned = {name: metric for name, metric in metrics.items() if metric.source or metric.type == "counter"}
        self._metrics = tuple((name, metric, _finder(metric)) for name, metric in planned.items())
        self._record = record
        kinds = [LOOKUPS[metric.source] for metric in planned.values() if metric.source in LOOKUPS]
        self.wants_headers = self.wants_headers or any(kind.reads == "headers" for kind in kinds)
        self.wants_body = self.wants_body or any(kind.reads == "body" for kind in kinds)

    def __len__(self) -> int:
        return super().__len__() + len(self._metrics)

    def extract(self, sample: Sample, content: Content, cookies: CookieJar, variables: dict[str, Any]) -> None:
        """Set `variables`, and record the metrics of a success."""
        super().extract(sample, content, cookies, variables)
        if sample.kind:
            return
        values = []
        for name, metric, find in self._metrics:
            try:
                value = find(content, cookies, variables)
            except (QueryError, TemplateError):
                value = None
            if value is None and metric.required:
                fail_extraction(sample, name, f"{metric.source}: {metric.expression}")
            values.append((name, value))
        if not sample.kind:
            for name, value in values:
                self._record(name, value)


def _finder(metric: Metric) -> FindValue:
    if not metric.source:
        return lambda content, cookies, scope: 1
    if metric.source == VALUE:
        compiled = compile_value(metric.expression)
        return lambda content, cookies, scope: as_number(compiled.render(scope))
    look_up = LOOKUPS[metric.source].compile(metric.expression)
    return lambda content, cookies, scope: as_number(look_up(content, cookies))
