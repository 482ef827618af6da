"""The JUnit report: as Jenkins' schema has it, with counts that agree, and never green for a run that is not.

The schema is jenkinsci/xunit-plugin, src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd; its
facts stand below as tables (no validator for XML Schema is among the test dependencies).
"""

import os
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from searched_run import SearchedRun, queue

from gradual_common import __version__
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.errors import ReporterError
from gradual_master.reporting.junit import JunitReporter, render_junit
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

PROBLEM = {"type": False, "message": False}
ATTRIBUTES: dict[str, dict[str, bool]] = {
    "testsuites": dict.fromkeys(("name", "time", "tests", "failures", "errors"), False),
    "testsuite": dict.fromkeys(("name", "tests", "failures", "errors"), True)
    | dict.fromkeys(
        ("group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"), False
    ),
    "testcase": {"name": True, "time": False, "classname": False, "group": False},
    "properties": {},
    "property": {"name": True, "value": True},
    "failure": PROBLEM,
    "error": PROBLEM,
    "skipped": PROBLEM,
    "system-out": {},
    "system-err": {},
}
"""Element → attribute → whether it is required."""

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
    "properties": {"property"},
}
WITH_TEXT = {"failure", "error", "skipped", "system-out", "system-err"}
SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def check(element: ET.Element) -> None:
    """What the schema says, of an element and all within it."""
    allowed = ATTRIBUTES[element.tag]
    assert element.attrib.keys() <= allowed.keys(), element.tag
    assert {name for name, required in allowed.items() if required} <= element.attrib.keys(), element.tag
    assert {child.tag for child in element} <= CHILDREN.get(element.tag, set()), element.tag
    assert element.tag in WITH_TEXT or not (element.text or "").strip(), element.tag
    assert not (element.tail or "").strip()
    if "time" in element.attrib:
        assert SUREFIRE_TIME.fullmatch(element.attrib["time"])
    for child in element:
        check(child)


def check_counts(suite: ET.Element) -> None:
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases)
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        if attribute in suite.attrib:
            assert int(suite.attrib[attribute]) == sum(case.find(tag) is not None for case in cases)
    assert sum(float(case.attrib["time"]) for case in cases) == pytest.approx(float(suite.attrib["time"]))
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == len(cases)


def parsed(summary: Summary) -> ET.Element:
    """The testsuite, found to be in order."""
    text = render_junit(summary)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    root = ET.fromstring(text.encode())
    check(root)
    (suite,) = root
    check_counts(suite)
    assert {name: suite.attrib[name] for name in root.attrib} == root.attrib
    return suite


LENIENT = "error_rate < 99%"
"""Half of the requests of these tests fail, which is not what they are about."""


def summary_of(*rules: Any, active: float = 4, **facts: Any) -> Summary:
    """Logins of 10 ms, two of three browses failed; no rates."""
    plan = plan_of(thresholds=[rule if isinstance(rule, dict) else {"rule": rule} for rule in (*rules, LENIENT)])
    schedule = schedule_of((4, 2), seconds=2)
    aggregate = aggregate_of(plan, schedule)
    samples = [(0, "", 10 * MS), (1, "", MS), (1, "status", 2 * MS), (1, "timeout", 30 * S)]
    for number in range(2):
        users = [(active, 1, active - 1, 0), (2, 0, 2, 0)]
        stretch = Stretch(0, number * S, (number + 1) * S, samples, users=users)
        aggregate.merge("a", batch_of(number + 1, number, stretch, last=number == 1))
        aggregate.close(number)
    return build_summary(aggregate, fleet_of(agent("a")), run_of(**facts))


def case_of(suite: ET.Element, name: str) -> ET.Element:
    (case,) = (case for case in suite.findall("testcase") if case.attrib["name"] == name)
    return case


def text_of(element: ET.Element, tag: str) -> str:
    child = element.find(tag)
    assert child is not None, tag
    return f"{child.attrib.get('type', '')}|{child.attrib.get('message', '')}|{child.text or ''}"


def test_a_run_that_passes_is_green() -> None:
    suite = parsed(summary_of("p95(login) < 500ms"))
    assert (suite.attrib["name"], suite.attrib["tests"], suite.attrib["timestamp"]) == (
        "bank",
        "4",
        "2026-01-02T03:04:05",
    )
    assert (suite.attrib["failures"], suite.attrib["errors"], suite.attrib["skipped"]) == ("0", "0", "0")
    assert [case.attrib["name"] for case in suite.findall("testcase")] == [
        "verdict",
        "p95(login) < 500ms",
        LENIENT,
        "error_rate < 100%",
    ]
    assert case_of(suite, "verdict").attrib["time"] == suite.attrib["time"] == "5.000"
    assert text_of(case_of(suite, "p95(login) < 500ms"), "system-out").endswith(
        "|rule: p95(login) < 500ms\nscope: action=login\nobserved: 10.0 ms\nlimit: 500.0 ms\nsamples: 2\n"
        "worst of the run so far, at the end of any interval: 10.0 ms"
    )


def test_an_objective_that_failed_is_a_failure_and_so_is_the_verdict() -> None:
    suite = parsed(summary_of("p95(browse) < 500ms", "count > 1"))
    assert suite.attrib["failures"] == "2"
    text = text_of(case_of(suite, "p95(browse) < 500ms"), "failure")
    assert text.startswith("objective|p95(browse) < 500ms: 30,000 ms over 6 samples")
    assert "observed: 30000.0 ms\nlimit: 500.0 ms\nsamples: 6" in text
    assert text_of(case_of(suite, "verdict"), "failure").startswith("failed|p95(browse) < 500ms: 30,000 ms")
    assert case_of(suite, "count > 1").find("failure") is None


def test_no_data_is_a_failure_that_says_so() -> None:
    suite = parsed(summary_of("p95(rates) < 500ms"))
    text = text_of(case_of(suite, "p95(rates) < 500ms"), "failure")
    assert text.startswith("no data|p95(rates) < 500ms: no data|")
    assert "observed: no data" in text


def test_an_objective_that_is_not_judged_is_skipped_for_want_of_data() -> None:
    summary = summary_of("p95(action=*) < 50s")
    suite = parsed(summary)
    assert summary.verdict.status == "passed"
    assert suite.attrib["skipped"] == "1"
    assert "no data" in text_of(case_of(suite, "p95(action=rates) < 50s"), "skipped")


def test_a_warning_passes_and_says_what_was_observed() -> None:
    suite = parsed(
        summary_of({"rule": "max < 1s", "severity": "warn"}, {"rule": "p95(rates) < 1s", "severity": "warn"})
    )
    assert suite.attrib["failures"] == "0"
    for name, observed in (("max < 1s", "30000.0 ms"), ("p95(rates) < 1s", "no data")):
        text = text_of(case_of(suite, name), "system-out")
        assert f"warning: {name}: " in text
        assert f"observed: {observed}" in text


@pytest.mark.parametrize(
    ("summary", "kind", "reason"),
    [
        (summary_of("p95(login) < 1s", active=2), "invalid", "user-seconds"),
        (summary_of("p95(login) < 1s", failure="no agents came: 0 of 2"), "invalid", "no agents came: 0 of 2"),
        (
            summary_of("p95(login) < 1s", stop_signal="interrupt"),
            "interrupted",
            "the run was interrupted before its end",
        ),
    ],
)
def test_an_invalid_run_is_never_green(summary: Summary, kind: str, reason: str) -> None:
    suite = parsed(summary)
    assert (suite.attrib["errors"], suite.attrib["failures"]) == ("1", "0")
    text = text_of(case_of(suite, "verdict"), "error")
    assert text.startswith(f"{kind}|")
    assert reason in text
    assert case_of(suite, "p95(login) < 1s").find("failure") is None, "the objective itself held"


def test_a_verdict_without_reasons_still_says_what_it_is() -> None:
    summary = summary_of()
    summary = replace(summary, verdict=replace(summary.verdict, status="failed", code=1, reasons=()))
    summary = replace(summary, run=replace(summary.run, exit_code=99))
    assert text_of(case_of(parsed(summary), "verdict"), "failure").startswith("failed|the run is failed (exit code 99)")


def test_properties_say_what_ran_and_how_it_went() -> None:
    summary = summary_of(tags={"env": "staging", "build": "7"})
    suite = parsed(summary)
    properties = {p.attrib["name"]: p.attrib["value"] for p in suite.iterfind("properties/property")}
    assert properties == {
        "run.id": "run-1",
        "run.version": __version__,
        "run.plan_sha256": "ab" * 32,
        "run.command": "gradual run plan.yaml",
        "run.started_at": "2026-01-02T03:04:05+00:00",
        "run.tag.env": "staging",
        "run.tag.build": "7",
        "verdict.status": "passed",
        "verdict.code": "0",
        "run.exit_code": "0",
        "requests": "8",
        "failures": "4",
        "error_rate": "0.5",
        "throughput_rps": str(summary.totals.throughput_rps),
        "request_rate_rps": str(summary.totals.request_rate_rps),
        "response_time_p50_ms": str(summary.totals.response_time_ms.p50),
        "response_time_p95_ms": str(summary.totals.response_time_ms.p95),
        "response_time_p99_ms": str(summary.totals.response_time_ms.p99),
        "response_time_max_ms": "30000.0",
    }


def test_figures_without_data_are_absent() -> None:
    plan, schedule = plan_of(), schedule_of()
    empty = build_summary(aggregate_of(plan, schedule), fleet_of(), run_of(failure="no agents"))
    names = {p.attrib["name"] for p in parsed(empty).iterfind("properties/property")}
    assert "requests" in names
    assert names.isdisjoint({"error_rate", "throughput_rps", "response_time_p50_ms", "run.profile"})


def test_names_come_back_but_for_what_xml_forbids() -> None:
    odd = "a <b> & \"c\" 'd' ]]> ü \U0001f600\n\tx"
    forbidden = "\x00\x08\x0b\x1f\ud800\ufffe\uffff"
    summary = summary_of({"rule": "count > 1", "name": odd + "\x0b"}, tags={odd: odd + forbidden})
    summary = replace(
        summary,
        run=replace(summary.run, name=odd + forbidden),
        verdict=replace(summary.verdict, reasons=(forbidden + odd,), warnings=(odd,), status="invalid"),
    )
    suite = parsed(summary)
    assert suite.attrib["name"] == odd
    assert case_of(suite, odd).attrib["classname"] == f"gradual.{odd}"
    assert odd in {p.attrib["value"] for p in suite.iterfind("properties/property")}
    assert text_of(case_of(suite, "verdict"), "error") == f"invalid|{odd}|{odd}"
    assert text_of(suite, "system-out").startswith(f"||{odd}\n{odd}\n")


def test_objectives_of_one_name_are_cases_of_their_own() -> None:
    named = [{"rule": f"count > {n}", "name": name} for n, name in enumerate(("x", "x", "verdict"))]
    suite = parsed(summary_of(*named))
    assert [case.attrib["name"] for case in suite.findall("testcase")][:4] == ["verdict", "x", "x (2)", "verdict (2)"]


def test_the_file_is_written_in_one_step_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    summary = summary_of()
    for arg, name in ((None, "junit.xml"), (str(tmp_path / "other.xml"), "other.xml")):
        reporter = JunitReporter(arg)
        reporter.prepare()
        assert not (tmp_path / name).exists()
        reporter.on_test_complete(summary)
        assert (tmp_path / name).read_text(encoding="utf-8") == render_junit(summary)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "other.xml"]


def test_a_device_is_written_to_and_not_replaced() -> None:
    reporter = JunitReporter(os.devnull)
    reporter.prepare()
    reporter.on_test_complete(summary_of())
    assert not Path(os.devnull).is_file()


def test_a_path_that_cannot_be_written_is_reported_before_the_load(tmp_path: Path) -> None:
    with pytest.raises(ReporterError, match=f"-o junit={tmp_path}: this is a folder; name a file in it"):
        JunitReporter(str(tmp_path)).prepare()
    with pytest.raises(ReporterError, match="cannot be written: No such file or directory"):
        JunitReporter(str(tmp_path / "nowhere" / "junit.xml")).prepare()


def test_what_failed_is_reported_with_its_first_cause() -> None:
    summary = summary_of()
    rows = tuple(replace(row, label="HTTP 404", cause=None, example="GET http://a/b → 404") for row in summary.errors)
    lines = text_of(parsed(replace(summary, errors=rows[:1])), "system-out").splitlines()
    assert lines[-1].removeprefix("||").startswith(f"HTTP 404 × {rows[0].count} in customer / browse: ")
    assert lines[-1].endswith(": GET http://a/b → 404")


def searched(**changes: Any) -> ET.Element:
    """The case of a search in which 10 users held, and 20 did not."""
    found = CapacityResult(10, 10, 20, True, None, "found", 10, 200, ("mean < 100ms", "error_rate < 5%"), ())
    summary = summary_of()
    verdict = replace(summary.verdict, **changes.pop("verdict", {}))
    analysis = replace(summary.analysis, capacity=replace(found, **changes))
    suite = parsed(replace(summary, verdict=verdict, analysis=analysis))
    return next(case for case in suite.findall("testcase") if case.attrib["name"] == "capacity")


def test_a_confirmed_capacity_is_a_case_that_passes_and_names_what_decided() -> None:
    case = searched()
    assert [child.tag for child in case] == ["system-out"]
    assert case.findtext("system-out", "").splitlines() == [
        "users: 10",
        "low: 10",
        "high: 20",
        "confirmed: yes",
        "ended by: found",
        "objective: mean < 100ms",
        "objective: error_rate < 5%",
    ]


@pytest.mark.parametrize(("status", "tag"), [("failed", "failure"), ("invalid", "error"), ("interrupted", "error")])
def test_a_search_that_found_nothing_that_counts_is_not_green(status: str, tag: str) -> None:
    reasons = ("p95 < 1s: 2 s", "find_capacity: the duration was over before a capacity was confirmed")
    case = searched(users=None, confirmed=False, verdict={"status": status, "reasons": reasons})
    (problem,) = case
    assert (problem.tag, problem.attrib["message"]) == (tag, reasons[1])
    assert (problem.text or "").startswith("users: none\n")


def test_a_capacity_that_is_too_small_is_a_failure() -> None:
    reason = "capacity >= 30 users: 10 users"
    row = ObjectiveRow("enough", "capacity >= 30 users", "", 10, 30, "users", 3, "fail", False, None, 10, reason)
    case = searched(verdict={"status": "failed", "reasons": (reason,), "objectives": (row,)})
    assert [(child.tag, child.attrib["message"]) for child in case] == [("failure", reason)]


def test_the_result_of_a_search_is_in_the_properties() -> None:
    summary = SearchedRun(queue()).run()
    found = summary.analysis.capacity
    assert found is not None
    properties = {one.attrib["name"]: one.attrib["value"] for one in parsed(summary).iter("property")}
    assert {name: value for name, value in properties.items() if name.startswith("capacity.")} == {
        "capacity.users": str(found.users),
        "capacity.low": str(found.low),
        "capacity.high": str(found.high),
        "capacity.confirmed": "true",
        "capacity.recovered": "true",
        "capacity.ended_by": "found",
        "capacity.objectives": "mean < 100ms; error_rate < 5%",
    }
