"""The verdict as a JUnit report (`-o junit=PATH`), which every CI system shows: a test case per objective.

The verdict is a case as well, and the first: a run that is invalid or interrupted is an error even where every
objective holds, so that it never looks green. Whatever has no data looks as the verdict takes it: an objective that
fails for it is a failure, one that is only said is skipped.

Elements and attributes: jenkinsci/xunit-plugin, junit-10.xsd. Times are seconds; the run's duration is the verdict's,
and objectives take none of their own.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from gradual_master.reporting.interface.files import FileReporter
from gradual_master.reporting.text.failures import title_of, why
from gradual_master.reporting.text.unique_names import distinct
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.judging.verdict import Verdict
from gradual_master.results.summary.sections import Summary

VERDICT = "verdict"

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, not even escaped (section 2.2, Char)."""


class JunitReporter(FileReporter):
    """Writes the report when the run is judged."""

    option = "junit"
    default = "junit.xml"

    def render(self, summary: Summary) -> str:
        """The document."""
        return render_junit(summary)


def render_junit(summary: Summary) -> str:
    """The document, ending in a newline."""
    cases = [_verdict(summary), *_objectives(summary)]
    name = _allowed(summary.run.name)
    counts = {"tests": len(cases)} | {
        plural: sum(case.find(kind) is not None for case in cases)
        for plural, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    seconds = _seconds(summary.run.duration_s)
    shared = {"name": name, **{key: str(count) for key, count in counts.items() if key != "skipped"}, "time": seconds}
    root = ET.Element("testsuites", shared)
    suite = ET.SubElement(
        root, "testsuite", shared | {"skipped": str(counts["skipped"]), "timestamp": _timestamp(summary.run.started_at)}
    )
    suite.append(_properties(summary))
    suite.extend(cases)
    _say(suite, "system-out", [*summary.verdict.reasons, *summary.verdict.warnings, *_errors(summary)])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _allowed(text: str) -> str:
    return FORBIDDEN.sub("", text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _timestamp(instant: str) -> str:
    """RFC 3339 as the second in UTC, without a zone, which is all that the format has a place for."""
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _properties(summary: Summary) -> ET.Element:
    element = ET.Element("properties")
    for name, value in _facts(summary):
        if value is not None:
            ET.SubElement(element, "property", name=_allowed(name), value=_allowed(str(value)))
    return element


def _facts(summary: Summary) -> Iterator[tuple[str, object]]:
    """What the run was, and its key figures; None is left out."""
    run, totals, times = summary.run, summary.totals, summary.totals.response_time_ms
    yield from (("run.id", run.id), ("run.version", run.version), ("run.plan_sha256", run.plan_sha256))
    yield from (("run.command", run.command), ("run.started_at", run.started_at), ("run.profile", run.profile))
    yield from ((f"run.tag.{name}", value) for name, value in run.tags.items())
    yield from (("verdict.status", summary.verdict.status), ("verdict.code", summary.verdict.code))
    yield from ((name, totals[name]) for name in ("requests", "failures", "error_rate"))
    yield from ((name, totals[name]) for name in ("throughput_rps", "request_rate_rps"))
    yield from ((f"response_time_{name}_ms", times[name]) for name in ("p50", "p95", "p99", "max"))


def _errors(summary: Summary) -> Iterator[str]:
    """What failed, one line each: how often, where, when, and the first cause."""
    for row in summary.errors:
        yield f"{title_of(row)}: {said}" if (said := why(row)) else title_of(row)


def _case(summary: Summary, name: str, seconds: float = 0.0) -> ET.Element:
    classname = f"gradual.{_allowed(summary.run.name)}"
    return ET.Element("testcase", classname=classname, name=_allowed(name), time=_seconds(seconds))


def _verdict(summary: Summary) -> ET.Element:
    """Passed, or what it is instead."""
    case = _case(summary, VERDICT, summary.run.duration_s)
    verdict = summary.verdict
    if verdict.status != "passed":
        kind = "failure" if verdict.status == "failed" else "error"
        _add_problem(case, kind, verdict.status, "; ".join(_reasons(verdict)), _reasons(verdict))
    return case


def _reasons(verdict: Verdict) -> Iterable[str]:
    return verdict.reasons or (f"the run is {verdict.status} (exit code {verdict.code})",)


def _objectives(summary: Summary) -> Iterator[ET.Element]:
    rows = summary.verdict.objectives
    _, *names = distinct((VERDICT, *(row.name for row in rows)))
    for name, row in zip(names, rows, strict=True):
        case = _case(summary, name)
        _judge(case, row)
        yield case


def _judge(case: ET.Element, row: ObjectiveRow) -> None:
    facts = list(_observations(row))
    if row.passed is None:
        ET.SubElement(case, "skipped", message=_allowed(row.reason or "no data"))
    elif not row.passed and row.severity == "fail":
        kind = "no data" if row.observed is None else "objective"
        _add_problem(case, "failure", kind, row.reason or row.name, facts)
    else:
        _say(case, "system-out", facts if row.passed else [f"warning: {row.reason}", *facts])


def _observations(row: ObjectiveRow) -> Iterator[str]:
    """The figures of an objective, one a line."""
    yield f"rule: {row.rule}"
    if row.scope:
        yield f"scope: {row.scope}"
    yield "observed: " + ("no data" if row.observed is None else _figure(row.observed, row.unit))
    yield f"limit: {_figure(row.limit, row.unit)}"
    yield f"samples: {row.samples}"
    if row.worst is not None:
        yield f"worst of the run so far, at the end of any interval: {_figure(row.worst, row.unit)}"
    if row.first_failed_at_s is not None:
        yield f"first broken at: {row.first_failed_at_s:g} s"


def _figure(value: float, unit: str) -> str:
    return f"{value} ms" if unit == "ms" else f"{value}{unit}"


def _add_problem(case: ET.Element, kind: str, type_: str, message: str, lines: Iterable[str]) -> None:
    element = ET.SubElement(case, kind, type=type_, message=_allowed(message))
    element.text = _allowed("\n".join(lines))


def _say(element: ET.Element, stream: str, lines: Iterable[str]) -> None:
    text = _allowed("\n".join(lines))
    if text:
        ET.SubElement(element, stream).text = text
