"""A short run of a plan in `examples/fintech` beside a demo bank, and what both have counted."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml
from demo_bank import stats_of
from fleet_processes import Fleet, Outcome

PLANS = Path(__file__).parents[3] / "examples" / "fintech"


@dataclass(frozen=True)
class FintechRun:
    """What a run reported, and what the bank counted meanwhile."""

    name: str
    outcome: Outcome
    routes: Counter[str]
    """Requests by route, as the bank counted them."""
    statuses: dict[str, int]
    totals: Counter[str]
    """By how much each total of the bank has grown."""

    @property
    def summary(self) -> dict[str, Any]:
        assert self.outcome.summary is not None, self.outcome.output[-4000:]
        return self.outcome.summary

    def sent_by_route(self) -> Counter[str]:
        """What the report says of each route; rows of set-up and teardown included."""
        routes = routes_of(self.name)
        counts = Counter[str]()
        for row in (*self.summary["actions"], *self.rows_of_once()):
            counts[routes[row["action"]]] += row["sent"]
        return +counts

    def rows_of_once(self) -> list[dict[str, Any]]:
        """The rows of set-up and teardown."""
        blocks = (self.summary[name] or {} for name in ("setup", "teardown"))
        return [row for block in blocks for row in block.get("actions", [])]

    def count(self, step: str) -> int:
        """Requests of a step, over all groups."""
        return sum(row["requests"] for (_, name), row in self.outcome.actions.items() if name == step)

    def transaction(self, name: str) -> dict[str, Any]:
        """The one row of a transaction."""
        (row,) = [row for row in self.summary["transactions"] if row["transaction"] == name]
        return dict(row)

    def metric(self, name: str) -> dict[str, Any]:
        """The row of a custom metric."""
        (row,) = [row for row in self.summary["metrics"] if row["name"] == name]
        return dict(row)

    def check(self) -> None:
        """Report and bank agree by route, nothing failed, and every objective was met, but for times."""
        verdict = self.summary["verdict"]
        assert verdict["status"] in ("passed", "failed"), verdict
        assert [each for each in verdict["objectives"] if each["unit"] != "ms" and not each["passed"]] == []
        assert self.sent_by_route() == self.routes
        assert self.summary["totals"]["sent"] == self.routes.total()
        assert [row for row in self.summary["actions"] if row["failures"] or row["unsent"] or row["interrupted"]] == []


def routes_of(name: str) -> dict[str, str]:
    """The bank's route of each action of a plan: a template at the end of a path stands for any item."""
    actions = yaml.safe_load((PLANS / f"{name}.yaml").read_text(encoding="utf-8"))["actions"]
    names = {"/api/book": "instrument", "/api/orders": "order", "/api/reports/jobs": "job"}
    routes = {}
    for action, content in actions.items():
        path = re.sub(r"\?.*", "", content["url"])
        parent, _, last = path.partition("/{{")
        routes[action] = f"{content.get('method', 'GET')} {f'{parent}/{{{names[parent]}}}' if last else path}"
    return routes


def run_fintech(fleet: Fleet, bank: str, name: str, *options: str, agents: int = 1) -> FintechRun:
    """Run a plan with options that shorten it, against a bank whose counts are set to 0 before."""
    with urlopen(f"{bank}/reset", timeout=5) as response:
        assert json.load(response) == {"reset": True}
    before = stats_of(bank)
    outcome = fleet.run(PLANS / f"{name}.yaml", agents, "--base-url", bank, *options)
    after = stats_of(bank)
    grown = Counter({key: after[key] - value for key, value in before.items() if type(value) is int})
    return FintechRun(name, outcome, Counter(after["routes"]), after["statuses"], grown)


def set_all(**values: str) -> list[str]:
    """The options that set these values of the plan: `__` in a name is a dot."""
    return [word for key, value in values.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]
