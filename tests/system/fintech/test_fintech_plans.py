"""The plans of `examples/fintech`, shortened: their rows are the bank's own counts, and every sample is as expected."""

import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
import yaml
from demo_bank import demo_bank, stats_of
from fintech_runs import PLANS, run_fintech, set_all
from fleet_processes import Fleet

from gradual_common.plan.loader import PlanSource, load_plan

NAMES = sorted(path.stem for path in PLANS.glob("*.yaml"))


@pytest.fixture(scope="module")
def bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_valid_without_a_warning(name: str) -> None:
    assert load_plan(PlanSource.of_path(PLANS / f"{name}.yaml")).warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_says_how_to_run_it_and_which_page_reads_the_result(name: str) -> None:
    text = (PLANS / f"{name}.yaml").read_text(encoding="utf-8")
    comment = text.partition("config:")[0]
    assert "gradual demo-server" in comment
    assert f"gradual run examples/fintech/{name}.yaml" in comment
    assert f"docs/fintech/{name}.md" in comment
    assert (PLANS.parents[1] / f"docs/fintech/{name}.md").exists()
    assert yaml.safe_load(text)["config"]["base_url"] == "http://127.0.0.1:8080"


def test_traders_place_cancel_and_list_orders(bank: str, fleet: Fleet) -> None:
    short = set_all(config__ramp_up__initial="22", actions__prices__query__every="2")
    for group in ("busy", "quiet"):
        path = f"users.{group}.behavior"
        short += set_all(**{f"users.{group}.iterations": "8", f"{path}[0].think_time": "5-20ms"})
    run = run_fintech(fleet, bank, "trading", "-u", "22", *short)
    run.check()
    assert run.routes["POST /api/auth/login"] == 22
    assert run.routes["GET /api/book/{instrument}"] == 22 * 8
    assert set(run.statuses) == {"200", "201"}
    assert run.count("place") + run.count("quote") == run.totals["orders"] == run.statuses["201"]
    assert run.count("quote") == run.count("cancel") == run.totals["cancelled_orders"] > 0
    assert run.routes["GET /api/feed"] == run.count("prices") == run.count("quote")
    busy, quiet = (run.outcome.actions[group, "prices"]["requests"] for group in ("busy", "quiet"))
    assert run.metric("prices_events")["sum"] == busy * 4 + quiet * 5, (
        "how many prices come until ACME, or BOLT, is dear"
    )
    assert run.metric("traded")["sum"] == run.totals["traded_units"] > 0
    assert run.count("open orders") > 0


def test_customers_wait_for_their_reports(bank: str, fleet: Fleet) -> None:
    path = "users.customer.behavior"
    short = set_all(config__ramp_up__initial="4", **{"users.customer.iterations": "3", f"{path}[1].sleep": "5ms"})
    short += set_all(**{f"{path}[0].steps[1].every": "20ms", f"{path}[2].choose[0].weight": "25"})
    short += set_all(**{f"{path}[3].if": "vu.iteration % 3 == 2"})
    run = run_fintech(fleet, bank, "reporting", "-u", "4", *short)
    run.check()
    assert run.routes["POST /api/reports/jobs"] == run.totals["jobs"] == 12
    assert run.routes["GET /api/reports/jobs"] == 4
    for name in ("report", "report done"):
        row = run.transaction(name)
        assert (row["count"], row["failures"]) == (12, 0)
    assert run.routes["GET /api/reports/jobs/{job}"] == run.count("report done") >= 2 * 12
    assert run.statuses["202"] == 12
    assert run.count("sign") == run.totals["documents"] == run.statuses.get("201", 0) > 0
    assert run.totals["document_bytes"] == run.totals["documents"] * (PLANS / "consent.txt").stat().st_size


def test_advisers_compute_the_risk_of_portfolios(bank: str, fleet: Fleet) -> None:
    path = "users.adviser.behavior"
    short = set_all(config__ramp_up__initial="8", **{"users.adviser.iterations": "10", f"{path}[1].sleep": "5-20ms"})
    run = run_fintech(fleet, bank, "risk", "-u", "8", *short)
    run.check()
    assert run.routes == {
        "POST /api/auth/login": 8, "GET /api/portfolio": 80, "GET /api/rates": 80, "POST /api/risk": 80,
    }  # fmt: skip
    assert run.statuses == {"200": 248}
    assert run.transaction("open portfolio")["count"] == 80
    assert run.metric("risk")["count"] == run.totals["risks"] == 80
    assert run.metric("scenarios")["sum"] == run.totals["scenarios"]
    assert (run.count("what if"), run.count("full")) == (64, 16), "the branches are dealt in turn"
    assert run.totals["scenarios"] == 200 * 64 + 1000 * 16


def stored_ids(bank: str, after: int) -> list[int]:
    """The ids of the events that the bank has stored since it had `after` of them, read page by page."""
    credentials = json.dumps({"username": "user0001", "password": "secret-0001"}).encode()
    with urlopen(f"{bank}/api/auth/login", credentials, timeout=5) as response:
        token = json.load(response)["data"]["token"]
    found: list[int] = []
    page: int | None = after
    while page is not None:
        request = Request(f"{bank}/api/events?limit=100&after={page}", headers={"Authorization": f"Bearer {token}"})
        with urlopen(request, timeout=5) as response:
            content = json.load(response)
        found += [event["id"] for event in content["data"]["events"]]
        page = content["next"]
    return found


def test_collectors_send_batches_that_are_stored_once(bank: str, fleet: Fleet) -> None:
    short = set_all(config__ramp_up__initial="11", users__collector__iterations="3", users__reader__iterations="3")
    short += set_all(**{"users.collector.behavior[1].sleep": "5ms"})
    short += set_all(**{"users.reader.behavior[1].steps[0].think_time": "5ms"})
    before = stats_of(bank)["events"]
    run = run_fintech(fleet, bank, "ingestion", "-u", "11", *short, agents=2)
    run.check()
    assert run.routes["POST /api/auth/login"] == 1, "one login for the whole fleet"
    assert run.routes["POST /api/events"] == run.totals["batches"] == run.count("ingest") == 30
    assert run.metric("accepted")["sum"] == run.totals["events"] == 30 * 50
    assert run.routes["GET /api/events"] == run.count("events") + 1, "the teardown reads once more"
    assert run.statuses == {"200": run.count("events") + 2, "202": 30}
    ids = stored_ids(bank, before)
    assert len(set(ids)) == len(ids) == 30 * 50, "each event has a number that no other one has, on any agent"


def test_collectors_come_back_when_the_queue_is_full(bank: str, fleet: Fleet) -> None:
    """All 80 send at once. The writer takes 25 ms for a batch; it refuses those that would wait for over a second."""
    short = set_all(config__ramp_up__initial="88", users__collector__iterations="1", users__reader__iterations="1")
    run = run_fintech(fleet, bank, "ingestion", *short)
    run.check()
    assert run.summary["totals"]["retried"] == run.totals["refused_batches"] == run.statuses["429"] > 0
    assert run.totals["batches"] == run.count("ingest") == 80
    assert run.routes["POST /api/events"] == 80 + run.statuses["429"]
    assert run.metric("accepted")["sum"] == run.totals["events"] == 80 * 50
