"""A report is queued, made by one of four workers, and done; only its account sees it."""

from typing import Any

import pytest

from gradual.demo.fintech import reporting as demo_reporting
from gradual.demo.fintech.reporting import ReportJobs
from gradual.demo.routing import Call
from gradual.errors import RequestRefusedError


def states(desk: ReportJobs, now: float) -> list[str]:
    content: Any = desk.list_jobs(Call(1, now=now)).content
    return [job["state"] for job in content["data"]["jobs"]]


def test_four_reports_are_made_at_once_and_the_others_wait() -> None:
    desk = ReportJobs()
    for _ in range(6):
        assert desk.create(Call(1, now=10.0)).status == 202
    assert states(desk, 10.1) == ["running"] * 4 + ["queued"] * 2
    assert states(desk, 10.5) == ["done"] * 4 + ["running"] * 2
    assert states(desk, 10.9) == ["done"] * 6


def test_a_report_has_its_result_when_it_is_done() -> None:
    desk = ReportJobs()
    desk.create(Call(1, body={"kind": "tax"}, now=10.0))
    results: list[Any] = [desk.show(Call(1, name="1", now=now)).content for now in (10.1, 10.4)]
    assert [result["data"]["result"] for result in results] == [None, {"lines": 11}]
    assert [result["data"]["kind"] for result in results] == ["tax", "tax"]


def test_another_account_has_no_such_job() -> None:
    desk = ReportJobs()
    desk.create(Call(1))
    with pytest.raises(RequestRefusedError, match="no job '1'"):
        desk.show(Call(2, name="1"))


@pytest.mark.parametrize("kind", ["novel", None, 3, ["tax"]])
def test_an_unknown_kind_of_report_is_refused(kind: object) -> None:
    desk = ReportJobs()
    with pytest.raises(RequestRefusedError, match="one of statement, tax, performance"):
        desk.create(Call(1, body={"kind": kind}))
    assert desk.totals() == {"jobs": 0}


def test_the_oldest_jobs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_reporting, "MAX_JOBS", 2)
    desk = ReportJobs()
    for _ in range(3):
        desk.create(Call(1))
    assert states(desk, 9.0) == ["done"] * 2
    assert desk.totals() == {"jobs": 3}
