"""The everyday scenarios of `examples/scenarios`: each runs for a moment, and its rows are the server's own counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from demo_bank import demo_bank, stats_of
from fleet_processes import Fleet, Outcome, Target
from request_log import SECOND, RequestLog

from gradual_common.plan.loader import PlanSource, load_plan

SCENARIOS = Path(__file__).parents[3] / "examples" / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


@pytest.fixture(scope="module")
def running_bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


@pytest.fixture
def bank(running_bank: str) -> str:
    """The demo bank, with its counts at 0."""
    with urlopen(f"{running_bank}/reset", timeout=5) as response:
        assert json.load(response) == {"reset": True}
    return running_bank


def plan_path(name: str) -> Path:
    return SCENARIOS / f"{name}.yaml"


def run(fleet: Fleet, name: str, url: str, *options: str, agents: int = 1) -> Outcome:
    """Run a scenario against a server; its exit code is 0, unless the scenario is about another one."""
    outcome = fleet.run(plan_path(name), agents, "--base-url", url, *options)
    assert outcome.summary is not None, outcome.output[-4000:]
    return outcome


def set_all(group: str, **values: str) -> list[str]:
    """The options that change a group."""
    return [word for key, value in values.items() for word in ("--set", f"users.{group}.{key}={value}")]


def sent_by_route(name: str, outcome: Outcome) -> Counter[str]:
    """What the report says of each route, the set-up included."""
    assert outcome.summary is not None
    actions = yaml.safe_load(plan_path(name).read_text())["actions"]
    counts = Counter[str]()
    for row in (*outcome.summary["actions"], *(outcome.summary["setup"] or {"actions": ()})["actions"]):
        action = actions[row["action"]]
        # The bank counts all items of a list as one route: /api/documents/{document}.
        url = re.sub(r"\{\{ (\w+) \}\}", r"{\1}", action["url"])
        counts[f"{action.get('method', 'GET')} {url}"] += row["sent"]
    return counts


def check_counts(name: str, outcome: Outcome, bank: str) -> Counter[str]:
    """The report and the bank count the same, route by route; returns the counts."""
    stats = stats_of(bank)
    assert outcome.summary is not None
    assert outcome.summary["totals"]["sent"] == stats["requests"]
    assert sent_by_route(name, outcome) == stats["routes"]
    return Counter(stats["routes"])


def rows_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {step: row for (_, step), row in outcome.actions.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_is_valid_without_a_warning(name: str) -> None:
    assert load_plan(PlanSource.of_path(plan_path(name))).warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_says_what_it_shows_and_how_to_run_it(name: str) -> None:
    comment = plan_path(name).read_text().partition("config:")[0]
    assert "gradual demo-server" in comment
    assert f"gradual run examples/scenarios/{name}.yaml" in comment
    assert yaml.safe_load(plan_path(name).read_text())["config"]["base_url"] == "http://127.0.0.1:8080"


def test_each_user_logs_in_once_and_pays_to_accounts_that_are_drawn(bank: str, fleet: Fleet) -> None:
    short = set_all("customer", iterations="3", **{"behavior[0].think_time": "10ms", "behavior[1].think_time": "10ms"})
    outcome = run(fleet, "login_and_random_account", bank, *short)
    counts = check_counts("login_and_random_account", outcome, bank)
    assert counts == {"POST /api/auth/login": 20, "POST /api/transfer": 60, "GET /api/dashboard": 60}
    assert stats_of(bank)["transfers"] == 60


def test_branches_are_chosen_by_their_weights(bank: str, fleet: Fleet) -> None:
    short = ["--set", "config.think_time=1ms", *set_all("visitor", iterations="50")]
    outcome = run(fleet, "weighted_choice", bank, *short)
    counts = check_counts("weighted_choice", outcome, bank)
    assert counts.total() == 1000
    for route, share in (("GET /api/rates", 0.7), ("GET /api/help", 0.2), ("POST /api/register", 0.1)):
        assert abs(counts[route] - 1000 * share) <= 3 * (1000 * share * (1 - share)) ** 0.5, counts


def test_the_users_of_a_spike_are_there_for_as_long_as_the_schedule_says(target: Target, fleet: Fleet) -> None:
    levels = "config.ramp_up.levels"
    short = ["-d", "3s", "--set", f"{levels}[0].for=1s", "--set", f"{levels}[1].for=1s"]
    who = ["--set", "config.headers={X-User: '{{vu.group}}/{{vu.slot}}/{{vu.tenure}}'}"]
    outcome = run(fleet, "spike", target.url, *short, *who)
    assert outcome.summary is not None
    assert [level["target"] for level in outcome.summary["levels"]] == [5, 50, 5]

    log = RequestLog.of(target.records())
    assert outcome.arrived("rates") == len(log.requests)
    assert len(log.slots) == log.max_users() == 50
    of_spike = [request for request in log.requests if request.number >= 5]
    others = [request for request in log.requests if request.number < 5]
    begin, end = of_spike[0].arrived, of_spike[-1].arrived
    assert others[0].arrived < begin
    assert {request.number for request in others if request.arrived < begin} == set(range(5))
    assert {request.number for request in others if request.arrived > end} == set(range(5))
    assert end - begin < 2 * SECOND


def test_a_run_stops_at_an_error_rate(bank: str, fleet: Fleet) -> None:
    outcome = run(fleet, "stop_at_error_rate", bank)
    check_counts("stop_at_error_rate", outcome, bank)
    assert outcome.code == 1
    assert outcome.summary is not None
    verdict, run_row = outcome.summary["verdict"], outcome.summary["run"]
    assert verdict["status"] == "failed"
    assert verdict["reasons"][0].startswith("stopped early: objective error_rate < 5%: observed ")
    assert run_row["measured_s"] < 600
    statuses = stats_of(bank)["statuses"]
    assert rows_of(outcome)["login"]["errors"] == {"status": statuses["401"]}
    assert statuses["401"] > 0.05 * sum(statuses.values())


def test_a_row_is_used_once(target: Target, fleet: Fleet) -> None:
    outcome = run(
        fleet, "each_row_once", target.url, "--set", "actions.redeem.headers={X-Row: '{{ voucher.code }}'}", agents=2
    )
    assert outcome.code == 0, outcome.output[-4000:]
    assert outcome.summary is not None
    assert outcome.summary["data"] == [
        {"name": "voucher", "rows": 100, "handed_out": 100, "used": 100, "lost": 0, "exhausted": True}
    ]
    used = Counter(row for _, _, row, *_ in target.records().requests)
    assert used == {f"V-{number:03d}": 1 for number in range(1, 101)}


def test_the_token_of_one_service_is_shown_to_another(bank: str, target: Target, fleet: Fleet) -> None:
    short = set_all("customer", iterations="2", **{f"behavior[{step}].think_time": "10ms" for step in (0, 1)})
    copies = ["--set", "services.ledger.headers.X-Row='{{ token }}'"]
    outcome = run(fleet, "two_services", bank, *short, *copies, "--set", f"services.ledger.base_url={target.url}")
    assert outcome.code == 0, outcome.output[-4000:]
    assert stats_of(bank)["routes"] == {"POST /api/auth/login": 20, "GET /api/rates": 40}
    assert {step: row["sent"] for step, row in rows_of(outcome).items()} == {"login": 20, "rates": 40, "transfer": 40}
    tokens = Counter(row for _, _, row, *_ in target.records().requests)
    assert sorted(tokens.values()) == [2] * 20, "each user has shown the token of its own login"


def test_both_services_may_have_one_address(bank: str, fleet: Fleet) -> None:
    short = set_all("customer", iterations="2", **{f"behavior[{step}].think_time": "10ms" for step in (0, 1)})
    outcome = run(fleet, "two_services", bank, *short, "--set", f"services.ledger.base_url={bank}")
    assert outcome.code == 0, outcome.output[-4000:]
    counts = check_counts("two_services", outcome, bank)
    assert counts == {"POST /api/auth/login": 20, "GET /api/rates": 40, "POST /api/transfer": 40}
    assert rows_of(outcome)["transfer"]["service"] == "ledger"


def test_every_page_is_read_to_the_last_one(bank: str, fleet: Fleet) -> None:
    short = ["--set", "config.think_time=1ms", *set_all("reader", iterations="2")]
    outcome = run(fleet, "next_page", bank, *short)
    assert outcome.code == 0, outcome.output[-4000:]
    counts = check_counts("next_page", outcome, bank)
    assert counts == {"POST /api/auth/login": 1, "POST /api/events": 1, "GET /api/events": 20 * 5}
    assert {step: row["sent"] for step, row in rows_of(outcome).items() if row["sent"]} == {
        "first_page": 20, "next_page": 80,
    }  # fmt: skip


def test_a_poll_ends_when_what_it_waits_for_is_done(bank: str, fleet: Fleet) -> None:
    short = set_all("customer", iterations="1", **{"behavior[1].think_time": "0s", "behavior[1].every": "50ms"})
    outcome = run(fleet, "poll_until_done", bank, *short)
    assert outcome.code == 0, outcome.output[-4000:]
    counts = check_counts("poll_until_done", outcome, bank)
    assert (counts["POST /api/auth/login"], counts["POST /api/reports/jobs"]) == (5, 5)
    assert outcome.summary is not None
    (report,) = outcome.summary["transactions"]
    assert (report["transaction"], report["count"], report["failures"]) == ("report", 5, 0)
    assert counts["GET /api/reports/jobs/{job}"] == rows_of(outcome)["report"]["requests"] > 5, "not done at once"


def test_a_file_is_uploaded_and_what_came_of_it_is_opened(bank: str, fleet: Fleet) -> None:
    before = stats_of(bank)
    outcome = run(fleet, "upload", bank, *set_all("customer", iterations="2", **{"behavior[1].think_time": "10ms"}))
    assert outcome.code == 0, outcome.output[-4000:]
    counts = check_counts("upload", outcome, bank)
    assert counts == {
        "POST /api/auth/login": 10, "POST /api/documents": 20, "GET /api/documents/{document}": 20,
    }  # fmt: skip
    after = stats_of(bank)
    assert after["documents"] - before["documents"] == 20
    assert after["document_bytes"] - before["document_bytes"] == 20 * (SCENARIOS / "form.pdf").stat().st_size
