"""The lease as the engine sees it: one number, compared before every write (docs/design/fleet.md, 4.4)."""


class Lease:
    """`ends_at`: nanoseconds on the agent's clock; 0 while none is held. Only the session renews it."""

    __slots__ = ("ends_at",)

    def __init__(self, ends_at: int = 0) -> None:
        self.ends_at = ends_at
