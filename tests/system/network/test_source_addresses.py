"""`bind`: an agent's connections come from several addresses, so that it opens more of them than one address has ports.

The agent is a host of its own, with 20 ports and five addresses.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fleet_processes import Fleet, Target
from hosts import HostFleet, ip, several_hosts

PORTS = 20
OTHERS = ["10.77.0.101", "10.77.0.102", "10.77.0.103", "10.77.0.104"]
USERS = 70


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostFleet, Target]]:
    with several_hosts(tmp_path_factory.mktemp("hosts"), ["agent"]) as (fleet, target):
        agent = fleet.network["agent"]
        ports = f"net.ipv4.ip_local_port_range=40000 {40000 + PORTS - 1}"
        subprocess.run([*agent.prefix, "sysctl", "-q", "-w", ports], check=True)
        for address in OTHERS:
            ip("-n", agent.namespace, "address", "add", f"{address}/24", "dev", "eth0")
        yield fleet, target


def plan(url: str, **config: Any) -> dict[str, Any]:
    """Every user has a connection at one time, and sends two requests on it."""
    return {
        "config": {"name": "sources", "base_url": url, "duration": "60s", **config},
        "users": [{"name": "user", "concurrency": USERS, "iterations": 2, "behavior": ["work"]}],
        "actions": {"work": {"url": "/sleep/1.5"}},
    }


def run(fleet: HostFleet, plan: dict[str, Any]) -> tuple[dict[str, Any], str]:
    outcome = fleet.wait(fleet.start_master(plan, 1), [fleet.start_agent("agent")])
    assert outcome.agent_codes == [0], outcome.output[-4000:]
    return outcome.actions["user", "work"], outcome.output


def test_one_address_has_no_more_connections_than_ports(hosts: tuple[HostFleet, Target]) -> None:
    fleet, target = hosts
    before = target.count()
    row, _ = run(fleet, plan(target.url))
    assert row["errors"]["connect"] >= USERS - PORTS
    assert before < target.count() <= before + 2 * USERS - row["errors"]["connect"]


def test_further_addresses_have_ports_of_their_own(hosts: tuple[HostFleet, Target]) -> None:
    fleet, target = hosts
    before = len(target.records().requests)
    row, output = run(fleet, plan(target.url, bind=[OTHERS[0], "10.77.0.102/31", "10.77.0.96/28"]))
    assert (row["requests"], row["failures"]) == (2 * USERS, 0), output[-4000:]
    requests = target.records().requests[before:]
    by_source = Counter(peer.rpartition(":")[0] for peer in {str(entry[5]) for entry in requests})
    assert set(by_source) == set(OTHERS), "a network's addresses that the machine has not are left out"
    assert sum(by_source.values()) == USERS
    assert max(by_source.values()) - min(by_source.values()) <= 1, "they are used in turn"


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        (["127.0.0.1", "203.0.113.7"], "the plan binds connections to 203.0.113.7, but this machine does not have it"),
        (
            ["203.0.113.0/28"],
            "the plan binds connections to 203.0.113.0/28, but this machine has none of its addresses",
        ),
    ],
)
def test_an_address_that_the_machine_does_not_have_is_refused_before_any_load(
    bind: list[str], reason: str, target: Target, fleet: Fleet
) -> None:
    outcome = fleet.run(plan(target.url, bind=bind), 1)
    assert (outcome.code, outcome.agent_codes) == (3, [3]), outcome.output[-4000:]
    for side in ("master", "agent-1"):
        assert reason in " ".join(fleet.output(side).split())
    assert target.count() == 0
