"""What must not be compared is refused, with all reasons at once."""

from collections.abc import Mapping

from gradual_master.analysis.comparison.refusals import ComparedFacts, find_refusals

MACHINE = {"cpus": 8, "python": "3.12.1"}


def facts(
    name: str,
    plan: str = "a" * 64,
    fingerprint: Mapping[str, object] | None = MACHINE,
    targets: tuple[float, ...] = (10, 20),
) -> ComparedFacts:
    return ComparedFacts(name, plan, fingerprint, targets)


def test_runs_of_one_plan_on_one_kind_of_machine_are_compared() -> None:
    assert find_refusals([facts("a1"), facts("a2")], [facts("b1", targets=(20, 40))]) == ()


def test_another_plan_is_refused() -> None:
    assert find_refusals([facts("a")], [facts("b", plan="b" * 64)]) == (
        "b ran another plan than a (plan bbbbbbbbbbbb, not plan aaaaaaaaaaaa). Run both with the same plan.",
    )


def test_another_plan_within_a_side_is_refused_too() -> None:
    (reason,) = find_refusals([facts("a1"), facts("a2", plan="")], [facts("b")])
    assert reason.startswith("a2 ran another plan than a1 (an unknown plan, not plan aaaaaaaaaaaa)")


def test_another_machine_is_refused_with_what_differs() -> None:
    (reason,) = find_refusals(
        [facts("a")], [facts("b", fingerprint={"cpus": 2, "python": "3.12.1", "system": "Linux"})]
    )
    assert reason == (
        "b ran on another machine than a: cpus 2, not 8, system Linux, not None. Run both on the same kind."
    )


def test_a_machine_that_was_not_recorded_is_refused() -> None:
    (reason,) = find_refusals([facts("a", fingerprint=None)], [facts("b", fingerprint=None)])
    assert "the machine of a and of b was not recorded" in reason


def test_runs_without_a_common_level_are_refused() -> None:
    assert find_refusals([facts("a")], [facts("b", targets=(5, 40))]) == (
        "No level is in all runs: 10/20 users against 5/40 users.",
    )
    assert "10/20 users against no users" in find_refusals([facts("a")], [facts("b", targets=())])[0]


def test_a_run_is_not_compared_with_itself() -> None:
    (reason,) = find_refusals([facts("a")], [facts("a")])
    assert reason.startswith("a: given more than once")


def test_a_side_without_runs_is_refused() -> None:
    assert find_refusals([], [facts("b")]) == ("There is no run on the side of the baseline; give at least one.",)
    assert "of the candidate" in find_refusals([facts("a")], [])[0]


def test_all_reasons_are_named_at_once() -> None:
    found = find_refusals([facts("a")], [facts("b", plan="c", fingerprint={}, targets=(1,)), facts("c", plan="c")])
    assert len(found) == 4
