"""`config:` and its phases."""

from __future__ import annotations

from pydantic import Field

from gradual_common.kinds.http.model import HeaderValue
from gradual_common.language.model import BareDuration, Count, Duration, Flag, Name, PositiveDuration, Seed
from gradual_common.net.tls_settings import Tls
from gradual_common.plan.model.groups import Connections, Cookies
from gradual_common.plan.model.ramped import Ramped
from gradual_common.think_times.written import Wait


class Phase(Ramped):
    """A stretch of the run with its own duration and ramp."""

    name: Name
    """Its name in results."""

    duration: BareDuration
    """A bare number is seconds."""

    pause_before: BareDuration | None = None
    """No users for so long before the phase."""

    warm_up: Flag = False
    """Keeps the phase out of totals and objectives."""

    users: dict[Name, Count] = Field(default={})
    """Concurrency by group, instead of the groups' own."""


class Config(Ramped):
    """`config:`. `ramp` holds the ramp once the plan is loaded, whichever way it was written."""

    name: Name = "unnamed"
    """What the results call the run."""

    base_url: str | None = None
    """Put before every url that begins with /."""

    duration: BareDuration | None = None
    """From the first user to the last; a bare number is seconds."""

    phases: tuple[Phase, ...] = Field(default=(), json_schema_extra={"minItems": 1})
    """Stretches of the run with a duration and a ramp each."""

    graceful_stop: Duration = 30_000_000_000
    """How long a request in flight may take at the end; 30s unless said."""

    seed: Seed | None = None
    """Fixes every random draw; chosen anew for each run unless said."""

    think_time: Wait | None = None
    """After every step that says nothing else."""

    headers: dict[str, HeaderValue] = Field(default={})
    """Headers by name; templates are allowed."""

    timeout: PositiveDuration = 30_000_000_000
    """For the whole action, with a unit; 30s unless said."""

    connect_timeout: PositiveDuration = 10_000_000_000
    """For DNS, TCP and TLS, with a unit; 10s unless said."""

    follow_redirects: Count = 10
    """How many redirects are followed; 10 unless said, 0 is off."""

    tls: Tls = Tls()
    """TLS of the connections."""

    cookies: Cookies = "per_user"
    """Whether cookies outlive the iteration."""

    connections: Connections = "keep_alive"
    """How long a user's connections live."""
