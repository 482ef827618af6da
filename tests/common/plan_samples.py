"""Plans for tests: a small one that is right, and what is wrong with changed ones."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gradual_common.errors import PlanError
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_common.plan.reading.overrides import Overrides

ANNOUNCED = """\
config:
  name: "User Login Flow"
  duration: "5m"
  ramp_up: "additive"

users:
  - name: "authenticated_user"
    concurrency: 100
    behavior:
      - action: "login"
        think_time: "2-5s"
      - action: "browse_dashboard"
        think_time: "5-15s"
      - action: "view_reports"
        think_time: "3-8s"
      - action: "logout"
        think_time: "1-3s"

  - name: "guest_user"
    concurrency: 50
    behavior:
      - action: "view_public_data"
        think_time: "1-3s"
      - action: "register"
        think_time: "10-30s"

actions:
  login:
    method: "POST"
    url: "/api/auth/login"
    headers:
      Content-Type: "application/json"
    body:
      username: "{{user.username}}"
      password: "{{user.password}}"
    assertions:
      - status_code: 200
      - response_time: "< 500ms"
"""
"""The plan of the project's announcement, as announced."""

SMALL: dict[str, Any] = {
    "config": {"base_url": "http://bank.example", "duration": "1m"},
    "users": [
        {"name": "a", "concurrency": 6, "behavior": [{"action": "look"}]},
        {"name": "b", "concurrency": 4, "behavior": [{"action": "look"}, {"action": "post"}]},
    ],
    "actions": {"look": {"url": "/look"}, "post": {"url": "/post", "method": "POST", "body": {"n": 1}}},
}


def small(**changes: Any) -> dict[str, Any]:
    """The small plan with values put at paths such as `config__duration` or `users__0__data`."""
    plan = copy.deepcopy(SMALL)
    for path, value in changes.items():
        owner: Any = plan
        *parts, last = [int(part) if part.isdecimal() else part for part in path.split("__")]
        for part in parts:
            owner = owner[part] if isinstance(owner, list) else owner.setdefault(part, {})
        if value is None and isinstance(owner, dict):
            owner.pop(last, None)
        else:
            owner[last] = value
    return plan


def load(
    plan: str | Mapping[str, Any],
    overrides: Overrides | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> LoadedPlan:
    """Load YAML text or a mapping."""
    written: dict[str, Any] = {"text": plan} if isinstance(plan, str) else {"mapping": plan}
    source = PlanSource("p.yaml", folder or Path(), **written)
    return load_plan(source, overrides or Overrides(), environ or {})


def mistakes(
    plan: str | Mapping[str, Any],
    overrides: Overrides | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> list[str]:
    """Every problem of a plan as it is shown."""
    with pytest.raises(PlanError) as caught:
        load(plan, overrides, environ, folder)
    return [str(problem) for problem in caught.value.problems]


def only_mistake(plan: str | Mapping[str, Any], overrides: Overrides | None = None, folder: Path | None = None) -> str:
    """The one problem of a plan."""
    found = mistakes(plan, overrides, folder=folder)
    assert len(found) == 1, found
    return found[0]
