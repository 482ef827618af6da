"""Leases as the master counts them (DESIGN 4.3).

The agent's own lease ends at its ping's stamp + lease, on its clock. The master cannot read that clock; it counts the
lease as held until its own receipt of that ping + lease + guard, which is later on any clock that runs within
guard/lease of true time. So whatever the master gives to another after that is run by nobody.
"""

from __future__ import annotations


class Leases:
    """Until when each agent may still run its slots; instants in run time, ns."""

    def __init__(self, lease: int, guard: int) -> None:
        self.length = lease + guard
        self._until: dict[str, int] = {}
        self._none_before = 0

    def renew(self, agent: str, now: int) -> None:
        """A Hello or a ping of `agent` came at `now`."""
        self._none_before = min(self._none_before, now + self.length)
        self._until[agent] = max(now + self.length, self._until.get(agent, 0))

    def end(self, agent: str) -> None:
        """The agent runs nothing any more, or never will be believed again."""
        self._until.pop(agent, None)

    def is_held(self, agent: str, now: int) -> bool:
        """Whether the agent may still be running its slots."""
        return now <= self._until.get(agent, -1)

    def has(self, agent: str) -> bool:
        """Whether the agent has a lease whose end was not dealt with."""
        return agent in self._until

    def agents(self) -> list[str]:
        """Those that have one."""
        return list(self._until)

    def expired(self, now: int) -> list[str]:
        """The agents whose lease is over, in order of its end; they stay until `end`.

        This is asked after every event: until the earliest end that was seen last there is nothing to look for.
        """
        if now <= self._none_before:
            return []
        over = [(until, agent) for agent, until in self._until.items() if now > until]
        if not over:
            self._none_before = min(self._until.values(), default=now)
        return [agent for _, agent in sorted(over)]

    def note_stall(self, stall: int) -> None:
        """The master stood still for `stall` ns and could read no ping: every deadline moves by it (DESIGN 4.11)."""
        for agent in self._until:
            self._until[agent] += stall
