"""An agent is killed while it waits for a token: the others go on with theirs, and what was lost is counted exactly."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, wait_until
from fleet_run import FIRST, local_addresses, now
from request_log import SECOND
from small_server import serving
from token_system import EARLY_USES, Arrival, TokenSystem, token_of

AGENTS = 3
USERS = 6
EACH = USERS // AGENTS
ITERATIONS = 20
LEASE = 10 * SECOND
"""The default."""

TERMS = ("interrupted", "hops", "retried", "resent", "further", "auth_sent")

PROGRESS = """
import json
from gradual.reporting import BaseReporter


class Progress(BaseReporter):
    def on_interval(self, interval):
        with open("progress.jsonl", "a") as file:
            file.write(json.dumps([interval.agents, interval.in_flight]) + "\\n")
"""
"""Notes each closed interval: of how many agents it is, and how many users were in a request."""


def plan(system: TokenSystem) -> dict[str, Any]:
    login = {"token_url": f"{system.url}/token", "client_id": "load", "client_secret": "s3cret"}
    return {
        "config": {
            "name": "killed in a fetch",
            "base_url": system.url,
            "duration": "80s",
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
            "auth": {"oauth2": login},
        },
        "users": [{"name": "user", "concurrency": USERS, "behavior": ["api"], "iterations": ITERATIONS}],
        "actions": {"api": {"url": "/api"}},
    }


def slot_and_tenure(arrival: Arrival) -> tuple[str, int]:
    _, slot, tenure = arrival.user.split("/")
    return slot, int(tenure)


def await_that_all_wait(folder: Path) -> None:
    """Wait for a whole interval in which every user waited: all that came before it is merged, and pings said it."""
    noted = folder / "progress.jsonl"

    def all_wait() -> bool:
        lines = noted.read_text().splitlines() if noted.exists() else []
        return any(agents == AGENTS and in_flight > USERS - 1e-6 for agents, in_flight in map(json.loads, lines))

    wait_until(all_wait, "an interval in which all users wait")


@pytest.mark.parametrize("early", [0, AGENTS], ids=["its first token", "a new token"])
def test_an_agent_that_is_killed_in_a_fetch_loses_what_its_users_had_begun(
    fleet: Fleet, tmp_path: Path, early: int
) -> None:
    (tmp_path / "progress.py").write_text(PROGRESS)
    with serving(TokenSystem(early)) as system:
        master = fleet.start_master(plan(system), AGENTS, "-o", "progress.py:Progress")
        agents = {name: fleet.start_agent(name) for name in ("a", "b", "c")}
        wait_until(lambda: len(system.held) == AGENTS, "each agent waits for a token")
        await_that_all_wait(tmp_path)
        asked = {port: name for name, agent in agents.items() for _, port in local_addresses(agent)}
        killed, *others = system.held
        assert sorted(asked[fetch.port] for fetch in system.held) == sorted(agents)
        agents[asked[killed.port]].send_signal(signal.SIGKILL)
        killed_at = now()
        system.gate.set()
        outcome = fleet.wait(master, list(agents.values()))

    assert outcome.summary is not None, outcome.output[-4000:]
    assert sorted(outcome.agent_codes) == [-signal.SIGKILL, 0, 0], outcome.output[-4000:]
    good = [arrival for arrival in system.arrivals if arrival.status == 200]
    refused = [arrival for arrival in system.arrivals if arrival.status == 401]

    # The slots of the killed agent got new users, after its lease.
    moved = {slot for slot, tenure in map(slot_and_tenure, good) if tenure == FIRST + 1}
    assert len(moved) == EACH
    assert all(each.arrived >= killed_at + LEASE for each in good if slot_and_tenure(each)[1] == FIRST + 1)
    stayed = [each for each in good if slot_and_tenure(each)[0] not in moved]
    came_again = [each for each in good if slot_and_tenure(each)[0] in moved and slot_and_tenure(each)[1] == FIRST + 1]
    ended = [each for each in good if slot_and_tenure(each)[0] in moved and slot_and_tenure(each)[1] == FIRST]
    assert (len(stayed), len(came_again)) == ((USERS - EACH) * ITERATIONS, EACH * ITERATIONS)
    assert len(ended) == (EARLY_USES if early else 0)
    assert len(good) == len(stayed) + len(came_again) + len(ended)

    # Each user that went on has the token of its own agent; that of the killed one opened nothing.
    late = [each for each in good if not each.token.startswith("early")]
    by_user = {(each.user, each.token) for each in late}
    assert {token for _, token in by_user} == {token_of(fetch) for fetch in others}
    assert len(by_user) == len({user for user, _ in by_user}) == USERS
    assert len(system.fetches) == early + AGENTS

    # What the system counted beyond the report: the fetch in flight, and the requests that waited for it.
    lost = [each for each in refused if slot_and_tenure(each) in {(slot, FIRST) for slot in moved}]
    totals, of_fleet = outcome.summary["totals"], outcome.summary["fleet"]
    assert totals["requests"] - totals["unsent"] + sum(totals[term] for term in TERMS) == totals["sent"]
    assert totals["sent"] + len(lost) + 1 == system.messages
    assert (totals["requests"], totals["failures"], totals["unsent"]) == (len(good), 0, 0)
    assert totals["auth_sent"] == len(system.fetches) - 1 + len(refused) - len(lost)
    assert of_fleet["begun"] - of_fleet["merged"] == EACH
    assert {row["name"] for row in outcome.summary["agents"] if row["lost"]} == {asked[killed.port]}
    reasons = outcome.summary["verdict"]["reasons"]
    assert any(f"at least {EACH} of {len(good) + EACH} requests begun" in reason for reason in reasons), reasons
    assert outcome.code == 3
