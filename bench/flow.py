"""What the flow costs: a pass of a loop, a branch and a choice by weight, without the steps and expressions in them.

One user in this process, with a client that answers at once. Each figure is a difference of two behaviours with equally
many actions, timed in turn: ns of CPU per pass, the median of nine pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.support import check_limit, print_table
from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.engine import HttpEngine
from gradual_agent.kinds.kind import Action
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.compiling import compile_behaviour
from gradual_agent.users.context import UserContext
from gradual_agent.users.knowledge import Vu
from gradual_agent.users.user import VirtualUser
from gradual_common.clock import NS_PER_S
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.templates.templates import Condition

PAIRS = 9
PASSES = 200
ITERATIONS = 100
MAX_NS = 1_000
"""For a pass, besides its expression."""

CHOICE = [{"weight": weight, "steps": [{"action": "a", "name": "a"}]} for weight in (7, 2, 1)]
HOLDS = "vu.iteration >= 0"

STEP: Any = {"action": "a", "name": "a"}
STRAIGHT: list[Any] = [STEP] * PASSES


def looped(step: Any) -> list[Any]:
    """A step, again and again, so that it is the same one that is performed, as in a run."""
    return [{"repeat": PASSES, "steps": [step]}]


BEHAVIOURS: dict[str, tuple[list[Any], list[Any]]] = {
    "repeat": (looped(STEP), STRAIGHT),
    "while": ([{"while": HOLDS, "max": PASSES, "steps": [STEP]}], STRAIGHT),
    "if": (looped({"if": HOLDS, "steps": [STEP]}), looped(STEP)),
    "choose": (looped({"choose": CHOICE}), looped(STEP)),
    "choose by: round": (looped({"choose": CHOICE, "by": "round"}), looped(STEP)),
    "transaction": (looped({"transaction": "t", "steps": [STEP]}), looped(STEP)),
}
WITH_EXPRESSION = ("while", "if")
LIMITED = ("repeat", "while", "if", "choose", "choose by: round")


class InstantClient:
    """Answers every request at once."""

    async def fetch(self, request: HttpRequest, sample: Sample) -> None:
        """A complete response, without anything sent."""
        sample.written = sample.first_byte = sample.ended = time.monotonic_ns()
        sample.messages, sample.status_code = 1, 200

    def close(self) -> None:
        """Nothing is open."""


class InstantEngines:
    """Compiles HTTP actions as in a run; its clients answer at once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._http = HttpEngine(self, plan)  # type: ignore[arg-type]  # it asks only for clients

    def client(self, owner: Any, cookies: str, connections: str) -> InstantClient:
        """The client of a user."""
        return InstantClient()

    def engine_of(self, action: str) -> Any:
        """This."""
        return self

    def texts_of(self, action: str) -> list[str]:
        """No templates."""
        return []

    def compile(self, action: str, wants_headers: bool, wants_body: bool) -> Action:
        """Compile an action."""
        spec = self._plan.actions[action]
        assert isinstance(spec, HttpActionSpec)
        return self._http.compile(spec, wants_headers, wants_body)


def cpu_of(behavior: list[Any]) -> float:
    """ns of CPU that a user takes for `ITERATIONS` iterations of a behaviour."""
    group = {"name": "g", "concurrency": 1, "behavior": behavior, "iterations": ITERATIONS}
    plan = Plan.model_validate(
        {
            "config": {"base_url": "http://127.0.0.1", "duration": "1h"},
            "users": [group],
            "actions": {name: {"url": f"/{name}"} for name in "abc"},
        }
    )
    clock = time.monotonic_ns
    timeline = Timeline(clock, lambda when: None)
    recorder = Recorder(SeriesIndex.of(plan), clock)
    recorder.schedule(clock(), 3600 * NS_PER_S, [(clock(), 0)])
    made = compile_behaviour(plan, 0, recorder, InstantEngines(plan))
    ended: list[object] = []
    user = VirtualUser(UserContext(timeline, clock, recorder, 1, {}, 0, ended.append), made, 0, 0, {})
    began = time.process_time_ns()
    user.start()
    while not ended:
        timeline.run_due()
    return time.process_time_ns() - began


def cost_of(evaluate: Callable[[], object], times: int = PASSES * ITERATIONS) -> float:
    """ns of CPU of one call."""
    began = time.process_time_ns()
    for _ in range(times):
        evaluate()
    return (time.process_time_ns() - began) / times


def per_pass(behavior: list[Any], straight: list[Any], evaluate: Callable[[], object]) -> tuple[float, float]:
    """ns per pass, with and without one evaluation of the expression: medians over pairs."""
    # The expression is timed beside each pair: it takes several times as long as a pass, and a machine's speed drifts.
    pairs = [((cpu_of(behavior) - cpu_of(straight)) / (PASSES * ITERATIONS), cost_of(evaluate)) for _ in range(PAIRS)]
    return median(whole for whole, _ in pairs), median(whole - expression for whole, expression in pairs)


def main() -> bool:
    """Measure each construct; print the table."""
    condition, scope = Condition(HOLDS), {"vu": Vu("g", 0, 0, 1)}
    costs = {name: per_pass(*pair, lambda: condition.holds(scope)) for name, pair in BEHAVIOURS.items()}
    shown = {name: without if name in WITH_EXPRESSION else whole for name, (whole, without) in costs.items()}
    print_table(
        "What the flow costs, ns of CPU per pass",
        ("construct", "with its expression", "without"),
        [(name, f"{costs[name][0]:.0f}", f"{shown[name]:.0f}") for name in costs],
    )
    met = [check_limit(f"a pass of {name}", shown[name], MAX_NS, "ns") for name in LIMITED]
    return all(met)
