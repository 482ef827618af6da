"""An entry of `watch:`: a metric of the system itself, which the master reads while the load runs (docs/watch.md)."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gradual_common.kinds.http.auth.basic import BasicAuth
from gradual_common.kinds.http.auth.credentials import Credential
from gradual_common.language.model import Duration, Flag, Model

SECRET = re.compile(r"\{\{\s*secrets\.([A-Za-z_]\w*)\s*\}\}")
"""The only template that `auth` of a watch may have."""

Text = Annotated[str, Field(min_length=1)]


class WatchAuth(Model):
    """How the master authenticates itself; `{{secrets.NAME}}` is allowed."""

    bearer: Credential | None = None
    """The token after `Authorization: Bearer`."""

    basic: BasicAuth | None = None
    """User name and password."""

    @model_validator(mode="after")
    def _check_one(self) -> WatchAuth:
        if (self.bearer is None) == (self.basic is None):
            raise ValueError("auth of a watch is {bearer: text} or {basic: {username, password}}")
        return self

    def texts(self) -> tuple[str, ...]:
        """Everything in it that may name a secret."""
        return (self.bearer,) if self.bearer else (self.basic.username, self.basic.password) if self.basic else ()


class WatchedMetric(Model):
    """A query of a Prometheus server, or a metric of an exporter's page."""

    prometheus: Text | None = None
    """The address of a Prometheus server, such as http://prom:9090."""

    query: Text | None = None
    """A PromQL expression with one series as its result."""

    exporter: Text | None = None
    """The address of a page in the text format of Prometheus, such as http://host:9100/metrics."""

    metric: Text | None = None
    """The metric on that page: a name, or a name with labels, name{label="x"}."""

    rate: Flag = False
    """With exporter: the growth of a counter per second, rather than its value."""

    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """With exporter: what the value is multiplied by, such as 100 for a share that is shown in percent."""

    unit: Annotated[str, Field(max_length=20)] = ""
    """The unit of the value, such as "%"; it is shown, and says how limits are written."""

    max_age: Annotated[Duration, Field(gt=0)] = 30_000_000_000
    """With prometheus: a sample that is older is no value; at least the scrape interval; default: 30s."""

    timeout: Annotated[Duration, Field(gt=0)] = 5_000_000_000
    """How long an answer may take; default: 5s."""

    auth: WatchAuth | None = None
    """Bearer token, or user name and password."""

    @field_validator("prometheus", "exporter")
    @classmethod
    def _check_address(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address is http://HOST[:PORT] or https://HOST[:PORT], with a path if it needs one")
        if parts.username or parts.password:
            raise ValueError("write the user and the password under auth: {basic: {username, password}}")
        return address

    @model_validator(mode="after")
    def _check_source(self) -> WatchedMetric:
        if (self.prometheus is None) == (self.exporter is None):
            raise ValueError("a watch has prometheus: URL with a query, or exporter: URL with a metric")
        if self.prometheus is not None and (self.query is None or self.metric is not None):
            raise ValueError('prometheus needs query: "…", and takes no metric')
        if self.exporter is not None and (self.metric is None or self.query is not None):
            raise ValueError("exporter needs metric: NAME, and takes no query")
        if self.prometheus is not None and (self.rate or self.scale != 1):
            raise ValueError("rate and scale are for exporters: write rate(…) or * 100 in the query")
        return self

    @property
    def url(self) -> str:
        """The address that is asked."""
        return self.prometheus or self.exporter or ""
