"""What reporters get of a run: news from its start on, with secrets masked."""

from typing import Any

import pytest
from fleet_model import TERMS, S

from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.plan.reading.overrides import Overrides
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import Note
from gradual_master.coordination.journal import Journal
from gradual_master.results.facts import RunFacts
from gradual_master.results.summary.history import News
from gradual_master.run.environment import RunClock
from gradual_master.run.options import RunOptions
from gradual_master.run.report import RunReport

PLAN = {
    "config": {"name": "t", "base_url": "http://127.0.0.1:1", "duration": "5s"},
    "secrets": {"KEY": {"env": "KEY"}},
    "users": [{"name": "g", "concurrency": 1, "behavior": [{"action": "read"}]}],
    "actions": {"read": {"url": "/"}},
}


class Reporters:
    """Keeps what is reported, in place of threads."""

    want_samples = False

    def __init__(self) -> None:
        self.reported: list[Any] = []

    def on_test_start(self, run: RunFacts) -> None:
        self.reported.append(run)

    def on_news(self, news: News) -> None:
        self.reported.append(news)


@pytest.fixture
def report() -> RunReport:
    loaded = load_plan(PlanSource(mapping=PLAN), Overrides(env={"KEY": "correct-horse"}))
    core = MasterCore(TERMS, loaded.schedule, Journal())
    options = RunOptions(command="gradual run --set x=correct-horse", tags={"who": "correct-horse"})
    return RunReport(loaded, options, Reporters(), core, RunClock())  # type: ignore[arg-type]  # in place of threads


def test_news_are_reported_from_the_start_on(report: RunReport) -> None:
    report.show(Note("info", "agent a is here"))
    report.begin(-2 * S)
    report.show(Note("warning", "stopping", (("agent", "a"),), "silent", is_stop=True))
    facts, news = report._reporters.reported
    assert isinstance(facts, RunFacts)
    assert (news.level, news.text, news.agent, news.agent_state, news.is_stop) == (
        "warning",
        "stopping",
        "a",
        "silent",
        True,
    )
    assert news.at_s >= 2


def test_secrets_are_masked(report: RunReport) -> None:
    report.begin(0)
    report.show(Note("error", "it said correct-horse"))
    facts, news = report._reporters.reported
    assert "correct-horse" not in f"{facts} {news}"
    assert news.text == "it said ***"
