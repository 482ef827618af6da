"""`config:` and its phases."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from gradual_common.kinds.http.model import HeaderValue
from gradual_common.language.model import BareDuration, Count, Duration, Name, PositiveDuration, read_whole
from gradual_common.net.tls_settings import Tls
from gradual_common.plan.model.groups import Connections, Cookies
from gradual_common.plan.model.ramps import Ramped
from gradual_common.plan.model.think_time import Wait


class Phase(Ramped):
    """A stretch of the run with its own duration and ramp."""

    name: Name
    duration: BareDuration
    pause_before: BareDuration | None = None
    warm_up: bool = False
    users: dict[Name, Count] = Field(default={})


class Config(Ramped):
    """`config:`. `ramp` holds the ramp once the plan is loaded, whichever way it was written."""

    name: Name = "unnamed"
    base_url: str | None = None
    duration: BareDuration | None = None
    phases: tuple[Phase, ...] = ()
    graceful_stop: Duration = 30_000_000_000
    seed: Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(read_whole)] | None = None
    think_time: Wait | None = None
    headers: dict[str, HeaderValue] = Field(default={})
    timeout: PositiveDuration = 30_000_000_000
    connect_timeout: PositiveDuration = 10_000_000_000
    follow_redirects: Count = 10
    tls: Tls = Tls()
    cookies: Cookies = "per_user"
    connections: Connections = "keep_alive"
