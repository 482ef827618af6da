"""A run with 300 users and several agents, in which a test causes a failure and reads what the target counted.

A test waits for each state that it needs and then interrupts the run: on a slow machine the run takes longer, but the
result is the same. The interrupt is then the only reason that the verdict may name.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from fleet_processes import Fleet, Outcome, Target, running_target, wait_until
from hosts import HostFleet, Network, several_hosts
from request_log import SECOND, Request, RequestLog, User

USERS = 300
AGENTS = ("agent-1", "agent-2", "agent-3")
INTERRUPTED = "the run was interrupted before its end; objectives are judged up to there"

WINDOW = SECOND * 3 // 2
"""In this time every user sends a request: it thinks for at most 0.9 s, and its response takes 0.1 s."""

CEILING = 2 * SECOND
"""How much later than expected something may happen on a loaded machine."""

FIRST = 1
"""The tenure of a slot's first user."""

LEASE = 3 * SECOND
PING_INTERVAL = LEASE // 10


def now() -> int:
    """The target's clock, ns."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def plan(url: str, duration: str, step: dict[str, Any], users: int) -> dict[str, Any]:
    return {
        "config": {
            "name": "faults",
            "base_url": url,
            "duration": duration,
            "graceful_stop": "5s",
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
        },
        "users": [{"name": "user", "concurrency": users, "behavior": [{"action": "work", **step}]}],
        "actions": {"work": {"url": "/sleep/0.1"}},
    }


@dataclass(frozen=True)
class FinishedRun:
    """How a run ended, and what the target counted."""

    outcome: Outcome
    request_log: RequestLog
    agent_by_user: dict[User, str]

    @property
    def summary(self) -> dict[str, Any]:
        assert self.outcome.summary is not None, self.outcome.output
        return self.outcome.summary

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        """The report's rows of agents, by name."""
        return {row["name"]: row for row in self.summary["agents"]}

    def agent_of(self, request: Request) -> str | None:
        """The agent that sent a request; None if it is unknown."""
        return self.agent_by_user.get(request.user)

    def sent_by(self, agent: str, log: RequestLog | None = None) -> RequestLog:
        """The requests of one agent."""
        requests = (log or self.request_log).requests
        return RequestLog(tuple(request for request in requests if self.agent_of(request) == agent))

    def check_loss(self, killed_at: dict[str, int]) -> None:
        """Killed agents lost the requests of their last two seconds at most, and the report says how many."""
        lost = unreported = 0
        for agent, kill_time in killed_at.items():
            sent = self.sent_by(agent)
            missing = len(sent.requests) - self.agents[agent]["requests"]
            assert 0 <= missing <= len(sent.since(kill_time - 2 * SECOND).requests)
            assert self.agents[agent]["lost"]
            lost += missing
            # A ping has the number of requests that were begun. The last ping may have been lost with the agent.
            unreported += len(sent.since(kill_time - 2 * PING_INTERVAL).requests)
        fleet = self.summary["fleet"]
        assert lost - unreported <= fleet["begun"] - fleet["merged"] <= lost
        assert self.summary["totals"]["sent"] + lost == len(self.request_log.requests)

    def check_counts(self) -> None:
        """The report has the target's counts."""
        seen, fleet = len(self.request_log.requests), self.summary["fleet"]
        assert self.summary["totals"]["sent"] == self.outcome.arrived("work") == seen
        assert fleet["begun"] == fleet["merged"] == seen

    def check_users(self, stale: Sequence[Request] = ()) -> None:
        """There were never more users than scheduled, and never two requests of a user at once.

        `stale`: requests that the test checks by itself.
        """
        log = self.request_log.without(stale)
        assert log.stale() == []
        assert log.overlapping() == []
        assert log.max_users() <= USERS

    def check_interrupted(self) -> None:
        """The run ended by the test's interrupt only."""
        assert self.outcome.code == 130, self.outcome.output
        assert self.summary["verdict"]["reasons"] == [INTERRUPTED]


class FleetRun:
    """One run, and which agent has which user.

    Each user belongs to one agent. On several hosts the address of a request says which. On loopback it is the agent
    that has a connection with the request's port. Only recent requests are used for that, because a port can later
    belong to another agent.
    """

    def __init__(self, fleet: Fleet, target: Target) -> None:
        self.fleet = fleet
        self.target = target
        self.agents: dict[str, subprocess.Popen[str]] = {}
        self._agent_by_user: dict[User, str] = {}

    def start_master(
        self,
        *options: str,
        expect: int = len(AGENTS),
        duration: str = "80s",
        step: dict[str, Any] | None = None,
        users: int = USERS,
        lease: str = "3s",
    ) -> None:
        """Start the master."""
        document = plan(self.target.url, duration, step or {"think_time": "700-900ms"}, users)
        self.master = self.fleet.start_master(document, expect, "--lease", lease, *options)

    def start_agents(self, *names: str, options: Sequence[str] = (), **options_of_start: Any) -> None:
        """Start agents."""
        for name in names:
            self.agents[name] = self.fleet.start_agent(name, *options, **options_of_start)

    def kill_agent(self, name: str) -> int:
        """Kill an agent; return the time."""
        self.read_log()
        self.agents[name].kill()
        return now()

    @property
    def network(self) -> Network:
        """The network of a run on several hosts."""
        assert isinstance(self.fleet, HostFleet)
        return self.fleet.network

    def read_log(self) -> RequestLog:
        """Read the requests so far, and note which agents sent them."""
        if isinstance(self.fleet, HostFleet):
            log = RequestLog.of(self.target.records())
            names = {host.address: name for name, host in self.network.hosts.items()}
            self._agent_by_user |= {request.user: names[request.host] for request in log.requests}
            return log
        agents = {address: name for name, process in self.agents.items() for address in local_addresses(process)}
        log = RequestLog.of(self.target.records())
        for request in log.since(now() - WINDOW).requests:
            name = agents.get((request.host, request.port))
            if name is not None:
                self._agent_by_user.setdefault(request.user, name)
        return log

    def users_by_agent(self) -> Counter[str]:
        """How many users of each agent sent a request in the last `WINDOW`; those of unknown agents count as `?`."""
        recent = self.read_log().since(now() - WINDOW)
        users = {(self._agent_by_user.get(request.user, "?"), request.slot) for request in recent.requests}
        return Counter(name for name, _ in users)

    def await_load(self, seconds: float = 0.0) -> None:
        """Wait until every slot has sent a request, and then for as many requests as they send in about `seconds`."""
        wait_until(lambda: len(self.read_log().slots) == USERS, "every slot has sent a request", pause_s=0.1)
        enough = self.target.count() + int(USERS * seconds)
        wait_until(lambda: self.target.count() >= enough, "the load")

    def await_shares(self, **shares: int) -> None:
        """Wait until each agent has its share of users, plus or minus one, and no other agent has users."""

        def are_assigned() -> bool:
            users = self.users_by_agent()
            wanted = {name.replace("_", "-"): share for name, share in shares.items()}
            return users.keys() == wanted.keys() and all(abs(users[name] - wanted[name]) <= 1 for name in wanted)

        try:
            wait_until(are_assigned, f"each agent has its share {shares}", 40, pause_s=0.2)
        except AssertionError as error:
            raise AssertionError(
                f"{error}; users by agent: {self.users_by_agent()}\n{self.fleet.output()[-4000:]}"
            ) from None

    def interrupt(self) -> FinishedRun:
        """Interrupt the run with SIGINT, and wait for its end."""
        self.read_log()
        self.master.send_signal(signal.SIGINT)
        return self.await_end()

    def await_end(self) -> FinishedRun:
        """Wait until the run ends."""
        outcome = self.fleet.wait(self.master, list(self.agents.values()))
        sent = outcome.summary["totals"]["sent"] if outcome.summary else 0
        # After a cut, a kernel may wait as long again as the cut took before it sends its last packets.
        with suppress(AssertionError):
            wait_until(lambda: self.target.count() >= sent, "all requests that were sent", 20, pause_s=0.2)
        return FinishedRun(outcome, self.read_log(), self._agent_by_user)


def local_addresses(process: subprocess.Popen[str]) -> Iterator[tuple[str, int]]:
    """The local address and port of each connection of an agent command, with its child processes."""
    if process.poll() is None:
        main = psutil.Process(process.pid)
        for each in (main, *main.children()):
            with suppress(psutil.NoSuchProcess):
                for connection in each.net_connections("tcp4"):
                    yield connection.laddr.ip, connection.laddr.port


@contextmanager
def run_on_loopback(folder: Path) -> Iterator[FleetRun]:
    """A run with all processes on this host."""
    with running_target(folder) as target, closing(Fleet(folder)) as fleet:
        yield FleetRun(fleet, target)


@contextmanager
def run_on_hosts(folder: Path, agents: Sequence[str] = AGENTS) -> Iterator[FleetRun]:
    """A run in which the target, the master and each agent have their own host."""
    with several_hosts(folder, agents) as (fleet, target):
        yield FleetRun(fleet, target)
