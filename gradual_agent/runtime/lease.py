"""The lease as the engine sees it: one number, compared before every write (docs/design/fleet.md, 4.4).

Why before every write and not only by a timer: a process that was paused, or a busy loop, runs the timer late. A
request must not be sent after the end of the lease, as by then the master may have given the slot to another agent.
"""


class Lease:
    """`ends_at`: on the agent's clock, ns; 0 without a lease. Only the session's instructions change it."""

    __slots__ = ("ends_at",)

    def __init__(self, ends_at: int = 0) -> None:
        self.ends_at = ends_at
