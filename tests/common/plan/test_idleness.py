"""Iterations that may be empty, and loops that never wait, are warned about; what an expression decides is not."""

from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, small

from gradual_common.plan.loader import PlanSource, load_plan

SET = {"set": {"n": 1}}
EXAMPLES = Path(__file__).parents[3] / "examples"


def warnings(*steps: Any, **changes: Any) -> list[str]:
    return [str(warning) for warning in load(small(users__0__behavior=list(steps), **changes)).warnings]


def chosen(*branches: list[Any]) -> dict[str, Any]:
    return {"choose": [{"weight": 1, "steps": steps} for steps in branches]}


@pytest.mark.parametrize(
    "step",
    [
        chosen(["look"], []),
        chosen(["look"], [SET]),
        chosen(["look"], [{"sleep": 0}]),
        {"repeat": "0-2", "steps": ["look"]},
        {"transaction": "t", "steps": [chosen(["look"], [])]},
        {"parallel": [SET, chosen(["look"], [])]},
        {"if": "vu.slot > 1", "steps": [SET], "else": [chosen([], ["look"])]},
        {"while": "vu.slot > 1", "max": 3, "steps": [chosen([], ["look"])]},
    ],
)
def test_an_iteration_that_may_be_empty_is_warned_about(step: dict[str, Any]) -> None:
    assert warnings(SET, step) == [
        "p.yaml: users.a.behavior: an iteration may be empty: it sends nothing and does not wait, so its user sleeps "
        "100 ms after it (give the group a pacing, or an empty branch a step {sleep: 1s})"
    ]


@pytest.mark.parametrize("step", [SET, {"sleep": "0s"}, chosen([SET], [{"set": {"m": 2}}])])
def test_iterations_that_are_all_empty_are_warned_about(step: dict[str, Any]) -> None:
    (warning,) = warnings(step)
    assert "users.a.behavior: every iteration sends nothing and does not wait" in warning


@pytest.mark.parametrize(
    "steps",
    [
        ["look"],
        [chosen(["look"], []), "look"],
        [chosen(["look"], []), {"sleep": "1s"}],
        [chosen(["look"], [{"sleep": {"distribution": "exponential", "mean": "1s"}}])],
        [{"action": "look", "condition": "vu.slot > 1"}],
        [{"if": "vu.slot > 1", "steps": ["look"]}],
        [{"if": "true", "steps": ["look"]}],
        [{"while": "vu.slot > 1", "max": 9, "steps": ["look"]}],
        [{"repeat": "{{ vu.slot }}", "steps": ["look"]}],
        [{"push": {"p": 1}}, {"pop": {"n": "p", "wait": "5s"}}],
        [{"poll": "look", "until": "true", "every": "1s", "within": "5s"}],
        [{"rendezvous": "peak", "users": 2, "timeout": "1s"}],
    ],
)
def test_an_iteration_that_sends_waits_or_hangs_on_an_expression_is_not(steps: list[Any]) -> None:
    assert warnings(*steps) == []


def test_with_pacing_an_empty_iteration_is_a_choice() -> None:
    assert warnings(chosen(["look"], []), users__0__pacing="1s") == []


@pytest.mark.parametrize(
    ("loop", "found"),
    [
        ({"repeat": 1000, "steps": [SET]}, "behavior[1].repeat: 1,000 passes without a request or a wait"),
        ({"repeat": "0-101", "steps": [SET]}, "behavior[1].repeat: 101 passes"),
        ({"while": "vu.slot > 1", "max": 5000, "steps": [{"push": {"p": 1}}]}, "behavior[1].while: 5,000 passes"),
    ],
)
def test_a_loop_that_never_waits_is_warned_about(loop: dict[str, Any], found: str) -> None:
    (warning,) = warnings("look", loop)
    assert f"{found}" in warning
    assert "only use the agent's CPU (add a step such as {sleep: 100ms})" in warning


@pytest.mark.parametrize(
    "loop",
    [
        {"repeat": 100, "steps": [SET]},
        {"repeat": 1000, "steps": [SET, "look"]},
        {"repeat": 1000, "steps": [chosen(["look"], [])]},
        {"while": "vu.slot > 1", "max": 5000, "steps": [{"sleep": "1ms"}]},
    ],
)
def test_a_loop_that_is_short_or_waits_at_times_is_not(loop: dict[str, Any]) -> None:
    assert warnings("look", loop) == []


@pytest.mark.parametrize("path", [path for path in sorted(EXAMPLES.rglob("*.yaml")) if path.parent.name != "tcp_lines"])
def test_no_example_is_warned_about(path: Path) -> None:
    """The one of tcp_lines needs a plug-in that is not installed."""
    assert [
        str(warning) for warning in load_plan(PlanSource.of_path(path)).warnings if "behavior" in str(warning)
    ] == []
