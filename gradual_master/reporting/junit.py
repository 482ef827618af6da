"""The verdict as a JUnit report (`-o junit=PATH`), which every CI system shows: a test case per objective.

The verdict is a case as well, and the first: a run that is invalid or interrupted is an error even where every
objective holds, so that it never looks green. An objective without data is shown as the verdict judges it: a failure if
no data fails it, else skipped.

A search for capacity is a case as well, with the objectives that decided. It passes if a capacity was confirmed and
every `capacity` objective is met.

Elements and attributes: jenkinsci/xunit-plugin, junit-10.xsd. Times are seconds; the run's duration is the verdict's,
and objectives take none of their own.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from gradual_common.rules.rule import CAPACITY
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.reporting.interface.files import FileReporter
from gradual_master.reporting.tables import state_of
from gradual_master.reporting.text.failures import title_of, why
from gradual_master.reporting.text.formatting import after_a_number, distinct
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.summary.sections import Summary

VERDICT = "verdict"
SEARCH = "capacity"

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, not even escaped (section 2.2, Char)."""


def render_junit(summary: Summary) -> str:
    """The document, ending in a newline."""
    found = summary.analysis.capacity
    searched = [] if found is None else [_capacity_case(summary, found)]
    cases = [_verdict_case(summary), *searched, *_objective_cases(summary)]
    counts = {kind: str(sum(case.find(kind) is not None for case in cases)) for kind in ("failure", "error", "skipped")}
    shared = {
        "name": summary.run.name,
        "tests": str(len(cases)),
        "failures": counts["failure"],
        "errors": counts["error"],
        "time": f"{summary.run.duration_s:.3f}",
    }
    root = ET.Element("testsuites", shared)
    # The schema allows seconds in UTC without a zone, and no fraction.
    started_at = datetime.fromisoformat(summary.run.started_at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.SubElement(root, "testsuite", shared, skipped=counts["skipped"], timestamp=started_at)
    properties = ET.SubElement(suite, "properties")
    for name, value in _facts(summary):
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=str(value))
    suite.extend(cases)
    errors = (f"{title_of(row)}: {cause}" if (cause := why(row)) else title_of(row) for row in summary.errors)
    _add_output(suite, [*summary.verdict.reasons, *summary.verdict.warnings, *errors])
    ET.indent(root)
    return FORBIDDEN.sub("", '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n")


class JunitReporter(FileReporter):
    """Writes the report when the run is judged."""

    option = "junit"
    default = "junit.xml"
    render = staticmethod(render_junit)


def _facts(summary: Summary) -> Iterator[tuple[str, object]]:
    """What the run was, and its key numbers; None is left out."""
    run, verdict, totals, times = summary.run, summary.verdict, summary.totals, summary.totals.response_time_ms
    yield from (
        (f"run.{name}", run[name]) for name in ("id", "version", "plan_sha256", "command", "started_at", "profile")
    )
    yield from ((f"run.tag.{name}", value) for name, value in run.tags.items())
    yield from ((f"verdict.{name}", verdict[name]) for name in ("status", "code"))
    yield "run.exit_code", run.exit_code
    names = ("requests", "failures", "error_rate", "throughput_rps", "request_rate_rps")
    yield from ((name, totals[name]) for name in names)
    yield from ((f"response_time_{name}_ms", times[name]) for name in ("p50", "p95", "p99", "max"))
    if (found := summary.analysis.capacity) is not None:
        yield from ((f"capacity.{name}", found[name]) for name in ("users", "low", "high", "ended_by"))
        flags = (("confirmed", found.confirmed), ("recovered", found.recovered))
        yield from ((f"capacity.{name}", None if is_so is None else str(is_so).lower()) for name, is_so in flags)
        yield "capacity.objectives", "; ".join(found.objectives)


def _case(summary: Summary, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element("testcase", classname=f"gradual.{summary.run.name}", name=name, time=f"{seconds:.3f}")


def _verdict_case(summary: Summary) -> ET.Element:
    """Passed, or what it is instead."""
    case = _case(summary, VERDICT, summary.run.duration_s)
    verdict = summary.verdict
    if verdict.status != "passed":
        kind = "failure" if verdict.status == "failed" else "error"
        reasons = verdict.reasons or (f"the run is {verdict.status} (exit code {summary.run.exit_code})",)
        _add_problem(case, kind, verdict.status, "; ".join(reasons), reasons)
    return case


def _capacity_case(summary: Summary, found: CapacityResult) -> ET.Element:
    """Passed, or why the search has found nothing that counts."""
    case, verdict = _case(summary, SEARCH), summary.verdict
    missed = [row for row in verdict.objectives if row.rule.startswith(CAPACITY) and state_of(row) == "failed"]
    reasons = [reason for reason in verdict.reasons if reason.startswith("find_capacity: ")]
    reasons += [row.reason or row.name for row in missed]
    facts = [
        *(f"{name}: {'none' if found[name] is None else found[name]}" for name in ("users", "low", "high")),
        f"confirmed: {'yes' if found.confirmed else 'no'}",
        f"ended by: {found.ended_by}",
        *(f"objective: {rule}" for rule in found.objectives),
    ]
    if reasons:
        kind = "error" if verdict.status in ("invalid", "interrupted") else "failure"
        _add_problem(case, kind, SEARCH, "; ".join(reasons), facts)
    else:
        _add_output(case, facts)
    return case


def _objective_cases(summary: Summary) -> Iterator[ET.Element]:
    rows = summary.verdict.objectives
    given = (VERDICT,) if summary.analysis.capacity is None else (VERDICT, SEARCH)
    names = list(distinct((*given, *(row.name for row in rows))))[len(given) :]
    for name, row in zip(names, rows, strict=True):
        case = _case(summary, name)
        facts, state = list(_observations(row)), state_of(row)
        if state == "none":
            ET.SubElement(case, "skipped", message=row.reason or "no data")
        elif state == "failed":
            kind = "no data" if row.observed is None else "objective"
            _add_problem(case, "failure", kind, row.reason or row.name, facts)
        else:
            _add_output(case, facts if state == "passed" else [f"warning: {row.reason}", *facts])
        yield case


def _observations(row: ObjectiveRow) -> Iterator[str]:
    """The numbers of an objective, one a line."""
    yield f"rule: {row.rule}"
    if row.scope:
        yield f"scope: {row.scope}"
    yield "observed: " + ("no data" if row.observed is None else _with_unit(row.observed, row.unit))
    yield f"limit: {_with_unit(row.limit, row.unit)}"
    yield f"samples: {row.samples}"
    if row.worst is not None:
        yield f"worst of the run so far, at the end of any interval: {_with_unit(row.worst, row.unit)}"
    if row.first_failed_at_s is not None:
        yield f"first broken at: {row.first_failed_at_s:g} s"


def _with_unit(value: float, unit: str) -> str:
    return f"{value}{after_a_number(unit)}"


def _add_problem(case: ET.Element, kind: str, type_: str, message: str, lines: Iterable[str]) -> None:
    ET.SubElement(case, kind, type=type_, message=message).text = "\n".join(lines)


def _add_output(element: ET.Element, lines: Iterable[str]) -> None:
    if text := "\n".join(lines):
        ET.SubElement(element, "system-out").text = text
