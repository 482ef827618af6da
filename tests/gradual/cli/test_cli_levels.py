"""The table of levels says when how many users of each group are active."""

from gradual.cli.levels import MOST_ROWS, tabulate_levels
from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase

PHASES = (
    SchedulePhase(0, "warm", 0, 10 * NS_PER_S, True),
    SchedulePhase(1, "peak", 10 * NS_PER_S, 20 * NS_PER_S, False),
)


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
    assert len(lines) == MOST_ROWS + 2
    assert "… 60 levels more …" in lines
    assert lines[-1].split()[0] == "100"


def test_groups_that_do_not_fit_are_left_out_and_counted() -> None:
    lines = tabulate_levels(staircase(1, tuple(f"group-number-{n:02d}" for n in range(10))), width=80)
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "(7 groups more than fit into 80 columns; the drawing shows each)"


def test_a_long_name_is_shortened() -> None:
    assert "a-very-long-nam…" in tabulate_levels(staircase(1, ("a-very-long-name-indeed",)))[0]
