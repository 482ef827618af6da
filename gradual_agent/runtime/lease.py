"""The lease as the engine sees it: one number, compared before every write (docs/design/fleet.md, 4.4).

A request must not be sent after the end of the lease: by then the master may have given the slot to another agent, and
two users would be active in it. A timer alone is not enough: after a pause of the process, or with a busy loop, a user
goes on before the timer has run. So the clock is read right before each write: of a request (`http.client`), and of
each further piece of a large one (`http.connecting.upload`).
"""


class Lease:
    """`ends_at`: on the agent's clock, ns; 0 without a lease. Only the session's instructions change it."""

    __slots__ = ("ends_at",)

    def __init__(self, ends_at: int = 0) -> None:
        self.ends_at = ends_at
