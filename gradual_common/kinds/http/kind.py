"""The kind `http`, which an action has unless it says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradual_common.kinds.http import failures
from gradual_common.kinds.http.model import HttpActionSpec
from gradual_common.kinds.http.request_checks import check_requests
from gradual_common.kinds.kind import ActionKind, texts_in
from gradual_common.kinds.model import ActionSpec
from gradual_common.language.plan_view import PlanView


class HttpKind(ActionKind):
    """One request, by HTTP/1.1."""

    name = "http"
    model = HttpActionSpec
    engine = "gradual_agent.kinds.http.engine:make_engine"
    failures = (failures.STATUS, *failures.ON_THE_WAY, failures.BODY_TOO_LARGE)
    template_keys = ("url", "query", "headers", "body", "form", "assertions")

    def check(self, view: PlanView) -> None:
        """URLs, headers and bodies that can never be sent; `config` has some of them."""
        check_requests(view)

    def texts(self, config: Any, action: ActionSpec) -> Iterator[str]:
        """Those of the action, and what `config` puts before its URL and among its headers."""
        yield from texts_in(config.base_url)
        yield from texts_in(config.headers)
        yield from super().texts(config, action)
