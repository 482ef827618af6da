"""`gradual validate`, `plan` and `schema` say on standard output what they found: mistakes, levels, a drawing."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.cli.checking import (
    GROUP_LINES,
    MAX_LEVEL_ROWS,
    chart,
    draw_schedule,
    show_schedule,
    show_schema,
    tabulate_levels,
    validate_plan,
)
from gradual.cli.starter import write_starter
from gradual_common.clock import NS_PER_S
from gradual_common.errors import PlanError
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.command_line.options import PlanArguments
from gradual_master.reporting.text.block_chart import BLOCKS

EXAMPLES = Path(__file__).parents[3] / "examples"
PLANS = ("bank.yaml", "login_flow.yaml", "demo.yaml")
PHASES = (
    SchedulePhase(0, "warm", 0, 10 * NS_PER_S, True),
    SchedulePhase(1, "peak", 10 * NS_PER_S, 20 * NS_PER_S, False),
)


@pytest.mark.parametrize("name", PLANS)
def test_every_example_is_valid_and_warns_of_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_plan(PlanArguments(plan=str(EXAMPLES / name))) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{EXAMPLES / name}: OK: ")
    assert out.count("\n") == 1


def test_the_starter_plan_is_valid_and_warns_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_starter(tmp_path / "plan.yaml", force=False)
    assert validate_plan(PlanArguments(config=str(tmp_path / "plan.yaml"))) == 0
    assert capsys.readouterr().out.endswith("OK: 40 users, 2 groups, 4 actions, 8 levels, 1m\n")


def test_every_mistake_is_shown_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("config: {duration: 10, colour: red}\nusers: []\n")
    assert validate_plan(PlanArguments(plan=str(path))) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "the plan has 2 mistakes; nothing was started"
    assert [line.split(": ")[0].strip() for line in out[1:]] == [f"{path}:1", f"{path}:2"]


def test_what_the_command_line_changes_is_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = PlanArguments(plan=str(EXAMPLES / "demo.yaml"), users=2000, duration="1m")
    assert validate_plan(arguments) == 2
    assert "users.csv" in capsys.readouterr().out


def test_the_schedule_is_shown_as_a_table_and_a_drawing_with_its_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    show_schedule(PlanArguments(plan=str(EXAMPLES / "bank.yaml"), duration="1m"))
    out = capsys.readouterr().out
    assert "level" in out
    assert "authenticated_user, at most" in out
    assert "warning: the ramp never reaches 150 users" in out
    assert "\x1b" not in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("warning")) <= 80


def test_a_plan_with_mistakes_has_no_schedule(tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        show_schedule(PlanArguments(plan=str(tmp_path / "nowhere.yaml")))


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_schema()
    schema = json.loads(capsys.readouterr().out)
    assert {"config", "users", "actions"} <= set(schema["properties"])


def staircase(
    levels: int, groups: tuple[str, ...] = ("a",), phases: tuple[SchedulePhase, ...] = PHASES[:1]
) -> Schedule:
    changes = tuple(
        Change(n * NS_PER_S, n * len(groups), (n,) * len(groups), n, min(n, len(phases) - 1)) for n in range(levels)
    )
    rows = tuple(
        Level(n, min(n, len(phases) - 1), n * NS_PER_S, (n + 1) * NS_PER_S, n * len(groups)) for n in range(levels)
    )
    return Schedule(changes, rows, phases, levels * NS_PER_S, groups)


def test_one_line_a_level_with_the_users_of_each_group() -> None:
    assert tabulate_levels(staircase(3, ("web", "app"))) == [
        "level  from  to  users  web  app",
        "    1    0s  1s      0    0    0",
        "    2    1s  2s      2    1    1",
        "    3    2s  3s      4    2    2",
    ]


def test_phases_are_named_when_there_are_several() -> None:
    lines = tabulate_levels(staircase(2, phases=PHASES))
    assert [line.split()[3] for line in lines] == ["phase", "warm", "peak"]


def test_a_stretch_of_a_linear_ramp_shows_mean_users() -> None:
    changes = tuple(Change(n * NS_PER_S, n, (n,), 0, 0) for n in range(4))
    schedule = Schedule(changes, (Level(0, 0, 0, 4 * NS_PER_S, 1.5),), PHASES[:1], 4 * NS_PER_S, ("a",))
    assert tabulate_levels(schedule)[1].split() == ["1", "0s", "4s", "1.5", "1.5"]


def test_a_run_that_ends_with_its_iterations_has_no_last_instant() -> None:
    schedule = Schedule((Change(0, 5, (5,), 0, 0),), (Level(0, 0, 0, 1 << 62, 5),), PHASES[:1], None, ("a",))
    assert "the end" in tabulate_levels(schedule)[1]


def test_a_long_table_is_folded_and_says_how_many_lines_are_left_out() -> None:
    lines = tabulate_levels(staircase(100))
    assert len(lines) == MAX_LEVEL_ROWS + 2
    assert "… 60 levels more …" in lines
    assert lines[-1].split()[0] == "100"


def test_groups_that_do_not_fit_are_left_out_and_counted() -> None:
    lines = tabulate_levels(staircase(1, tuple(f"group-number-{n:02d}" for n in range(10))), width=80)
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "(7 groups more than fit into 80 columns; the drawing shows each)"


def test_a_long_name_is_shortened() -> None:
    assert "a-very-long-nam…" in tabulate_levels(staircase(1, ("a-very-long-name-indeed",)))[0]


def drawn_schedule(users: Sequence[tuple[int, ...]], step_s: int = 10, end: bool = True) -> Schedule:
    step = step_s * NS_PER_S
    changes = tuple(Change(n * step, sum(counts), counts, n, 0) for n, counts in enumerate(users))
    levels = tuple(Level(n, 0, n * step, (n + 1) * step, sum(counts)) for n, counts in enumerate(users))
    until = len(users) * step
    phases = (SchedulePhase(0, "run", 0, until, False),)
    return Schedule(changes, levels, phases, until if end else None, tuple("abcdef"[: len(users[0])]))


def test_a_staircase_is_drawn_as_one() -> None:
    drawn = chart("all users", [1, 2, 3, 4], 2)
    assert drawn == ["       all users, at most 4", "     4 ┤  ▄█", "       │▄███"]


def test_every_group_has_a_chart_of_its_own_over_one_axis() -> None:
    drawn = draw_schedule(drawn_schedule([(1, 9), (2, 18)]), 80)
    titles = [line.strip() for line in drawn if "at most" in line]
    assert titles == ["all users, at most 20", "a, at most 2", "b, at most 18"]
    assert drawn[-1].split() == ["0", "10s", "20s"]


def test_a_single_group_is_drawn_once() -> None:
    assert sum("at most" in line for line in draw_schedule(drawn_schedule([(1,), (2,)]))) == 1


def test_a_schedule_that_ends_with_its_iterations_says_so() -> None:
    assert draw_schedule(drawn_schedule([(5,)], end=False))[-1].endswith("until the iterations are done")


def test_a_group_without_users_is_an_empty_chart() -> None:
    assert chart("idle", [0, 0], GROUP_LINES)[2:] == ["       │"] * (GROUP_LINES - 1)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    assert max(len(line) for line in draw_schedule(drawn_schedule([(1, 1), (50, 5)]), width)) <= width


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 10))
def test_a_column_with_any_users_is_never_blank(values: list[float], lines: int) -> None:
    rows = [row[8:].ljust(len(values)) for row in chart("x", values, lines)[1:]]
    for column, value in enumerate(values):
        assert any(row[column] != BLOCKS[0] for row in rows) == (value > 0)
