"""A fleet with 300 users under load, to which something happens; what the system saw of it is asked for as it goes on.

A scene goes on until what it waits for has come, then ends the run by an interrupt: a slow machine makes it longer,
never wrong. That the run was stopped is then the only reason that its verdict may give.
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
from conftest import Fleet, Outcome, Target, running_target, wait_until
from hosts import HostFleet, Network, several_hosts
from ledger import SECOND, Ledger, Request, User

USERS = 300
AGENTS = ("agent-1", "agent-2", "agent-3")
INTERRUPTED = "the run was interrupted before its end; objectives are judged up to there"

LOOK = SECOND * 3 // 2
"""Every user sends within this: it thinks for at most 0.9 s and waits 0.1 s for its response."""

LEASE = 3 * SECOND
PING = LEASE // 10


def now() -> int:
    """The clock that the target stamps with."""
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
class Ending:
    """How a scene ended: the report, the system's books, and which agent each user was of."""

    outcome: Outcome
    ledger: Ledger
    holders: dict[User, str]

    @property
    def summary(self) -> dict[str, Any]:
        assert self.outcome.summary is not None, self.outcome.said
        return self.outcome.summary

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        """The report's rows of agents, by name."""
        return {row["name"]: row for row in self.summary["agents"]}

    def sender(self, request: Request) -> str | None:
        """The agent that a request came from, as far as it is known."""
        return self.holders.get(request.user)

    def sent_by(self, agent: str, ledger: Ledger | None = None) -> Ledger:
        """What came from one agent."""
        requests = (ledger or self.ledger).requests
        return Ledger(tuple(request for request in requests if self.sender(request) == agent))

    def check_loss(self, killed_at: dict[str, int]) -> None:
        """What killed agents began and could not deliver any more is little, and it is stated."""
        lost = unsaid = 0
        for agent, instant in killed_at.items():
            sent = self.sent_by(agent)
            missing = len(sent.requests) - self.agents[agent]["requests"]
            assert 0 <= missing <= len(sent.since(instant - 2 * SECOND).requests)
            assert self.agents[agent]["lost"]
            lost += missing
            # The last ping that was due may still have been on its way.
            unsaid += len(sent.since(instant - 2 * PING).requests)
        fleet = self.summary["fleet"]
        assert lost - unsaid <= fleet["begun"] - fleet["merged"] <= lost
        assert self.summary["totals"]["sent"] + lost == len(self.ledger.requests)

    def check_counts(self) -> None:
        """The report's counts are the system's own."""
        seen, fleet = len(self.ledger.requests), self.summary["fleet"]
        assert self.summary["totals"]["sent"] == self.outcome.arrived("work") == seen
        assert fleet["begun"] == fleet["merged"] == seen

    def check_users(self, stale: Sequence[Request] = ()) -> None:
        """Never more users than scheduled, and never two requests of one of them; `stale` is judged elsewhere."""
        ledger = self.ledger.without(stale)
        assert ledger.stale() == []
        assert ledger.overlapping() == []
        assert ledger.most_present() <= USERS

    def check_interrupted(self) -> None:
        """Nothing but our own interrupt ended the run."""
        assert self.outcome.code == 130, self.outcome.said
        assert self.summary["verdict"]["reasons"] == [INTERRUPTED]


class Scene:
    """One run. A user is of one agent only, which is known by its host's address; on loopback by the ports of its
    connections at the moment at which it is looked at, for ports go from hand to hand.
    """

    def __init__(self, fleet: Fleet, target: Target) -> None:
        self.fleet = fleet
        self.target = target
        self.agents: dict[str, subprocess.Popen[str]] = {}
        self._holders: dict[User, str] = {}

    def open(
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

    def join(self, *names: str, options: Sequence[str] = (), **how: Any) -> None:
        """Start agents."""
        for name in names:
            self.agents[name] = self.fleet.start_agent(name, *options, **how)

    def kill(self, name: str) -> int:
        """Kill an agent; when."""
        self.look()
        self.agents[name].kill()
        return now()

    @property
    def network(self) -> Network:
        """The hosts of a scene that has several."""
        assert isinstance(self.fleet, HostFleet)
        return self.fleet.network

    # ── What the system sees ───────────────────────────────────────────────────────────────────────────────────────

    def look(self) -> Ledger:
        """The books as they are, and who it is that sends."""
        if isinstance(self.fleet, HostFleet):
            ledger = Ledger.of(self.target.books())
            names = {host.address: name for name, host in self.network.hosts.items()}
            self._holders |= {request.user: names[request.host] for request in ledger.requests}
            return ledger
        senders = {place: name for name, process in self.agents.items() for place in connections(process)}
        ledger = Ledger.of(self.target.books())
        for request in ledger.since(now() - LOOK).requests:
            name = senders.get((request.host, request.port))
            if name is not None:
                self._holders.setdefault(request.user, name)
        return ledger

    def users_by_agent(self) -> Counter[str]:
        """How many users of each agent sent something just now."""
        recent = self.look().since(now() - LOOK)
        users = {(self._holders.get(request.user, "?"), request.seat) for request in recent.requests}
        return Counter(name for name, _ in users)

    def await_load(self, seconds: float = 0.0) -> None:
        """Wait until every user has been seen, and then for about so long as they take for that many requests."""
        wait_until(lambda: len(self.look().seats) == USERS, "every user is there", pause_s=0.1)
        enough = self.target.count() + int(USERS * seconds)
        wait_until(lambda: self.target.count() >= enough, "load")

    def await_shares(self, **shares: int) -> None:
        """Wait until each agent's users are within one of its share, and no other's are seen."""

        def are_dealt() -> bool:
            users = self.users_by_agent()
            wanted = {name.replace("_", "-"): share for name, share in shares.items()}
            return users.keys() == wanted.keys() and all(abs(users[name] - wanted[name]) <= 1 for name in wanted)

        try:
            wait_until(are_dealt, f"the users are dealt {shares}", 40, pause_s=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}; they are {self.users_by_agent()}\n{self.fleet.said()[-4000:]}") from None

    # ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self) -> Ending:
        """Interrupt the run, and see how it ends."""
        self.look()
        self.master.send_signal(signal.SIGINT)
        return self.await_end()

    def await_end(self) -> Ending:
        """Wait for the run's own end."""
        outcome = self.fleet.wait(self.master, list(self.agents.values()))
        sent = outcome.summary["totals"]["sent"] if outcome.summary else 0
        with suppress(AssertionError):  # What a kernel holds of a cut connection may take as long again as the cut.
            wait_until(lambda: self.target.count() >= sent, "all that was sent", 20, pause_s=0.2)
        return Ending(outcome, self.look(), self._holders)


def connections(process: subprocess.Popen[str]) -> Iterator[tuple[str, int]]:
    """The addresses that a command of this host sends from, all of its processes together."""
    if process.poll() is None:
        main = psutil.Process(process.pid)
        for one in (main, *main.children()):
            with suppress(psutil.NoSuchProcess):
                for connection in one.net_connections("tcp4"):
                    yield connection.laddr.ip, connection.laddr.port


@contextmanager
def loopback_scene(folder: Path) -> Iterator[Scene]:
    """A scene on this host."""
    with running_target(folder) as target, closing(Fleet(folder)) as fleet:
        yield Scene(fleet, target)


@contextmanager
def host_scene(folder: Path, agents: Sequence[str] = AGENTS) -> Iterator[Scene]:
    """A scene on several hosts."""
    with several_hosts(folder, agents) as (fleet, target):
        yield Scene(fleet, target)
