"""On a terminal of any size the screen has exactly its lines, and what matters most is on it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitor_states import drawn, monitor_state
from rich.console import Console
from rich.live import Live

from gradual_master.reporting.monitor.layout import compose, share_rows
from gradual_master.reporting.monitor.lines import Page
from gradual_master.reporting.monitor.panels.base import Demand

SIZES = [(80, 24), (100, 30), (200, 60), (120, 40), (60, 18), (40, 12), (20, 5), (10, 3), (300, 4), (3, 50), (1, 1)]
STATES = {
    "full": monitor_state(34),
    "early": monitor_state(0),
    "one": monitor_state(5, ("customer",), 1, thresholds=[]),
    "over": monitor_state(80, ("a", "b"), 2),
    "endless": monitor_state(12, ("a", "b"), 2, endless=True),
}

EVERYTHING = (
    "Bank, nightly",
    "0:34 of 1:20, 0:46 left",
    "climb, level 4 of 8: 160 users",
    "▲ 0:34",
    "148 / 160, 11.8 missing",
    "ok/s",
    "failed/s",
    "p50 ms",
    "p90 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "FAILING p99 < 25ms",
    "agent-7 silent since 0:12",
    "agent-3 strained",
    "timed out",
    "has taken over 12 users",
    "Ctrl-C drains",
)


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_size_has_exactly_its_lines(name: str, width: int, height: int) -> None:
    lines = compose(STATES[name], width, height)
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_reaches_the_terminal_fits_it(width: int, height: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        out.truncate(0)
        out.seek(0)
        live.update(Page(compose(STATES["full"], width, height)), refresh=True)
        rows = out.getvalue().removeprefix("\x1b[H").replace("\x1b[1m", "").replace("\x1b[2m", "").split("\n")
    assert len(rows) <= height


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60)])
def test_everything_important_fits(width: int, height: int) -> None:
    screen = drawn(compose(STATES["full"], width, height))
    assert [part for part in EVERYTHING if part not in screen] == []


def test_a_large_terminal_shows_everything() -> None:
    screen = drawn(compose(monitor_state(74), 200, 60))
    assert all(f"agent-{number} " in screen for number in range(20))
    assert all(f"{group} / login" in screen for group in ("customer", "mobile-app"))
    assert "more" not in screen
    assert screen.splitlines()[-1] == "Ctrl-C drains and reports; twice stops at once"


def test_on_the_smallest_terminals_users_remain() -> None:
    assert "148 / 160" in drawn(compose(STATES["full"], 20, 5))
    assert drawn(compose(STATES["full"], 40, 1)).startswith("Bank")


DEMANDS = st.tuples(
    st.integers(0, 9),
    st.builds(
        lambda least, more, most, spare: Demand(least, least + more, least + more + most, spare=spare),
        st.integers(0, 6),
        st.integers(0, 6),
        st.integers(0, 6),
        st.booleans(),
    ),
)


@given(st.lists(DEMANDS, max_size=8), st.integers(0, 60))
def test_rows_are_dealt_within_what_is_there_and_what_is_asked_for(
    wanted: list[tuple[int, Demand]], height: int
) -> None:
    rows = share_rows(wanted, height)
    assert sum(rows) <= height
    for given_rows, (_, demand) in zip(rows, wanted, strict=True):
        assert given_rows == 0 or demand.min_rows <= given_rows <= demand.max_rows
    if sum(rows) < height:
        assert all(r == demand.max_rows for r, (_, demand) in zip(rows, wanted, strict=True) if r)


@given(st.lists(DEMANDS, max_size=8), st.integers(0, 60))
def test_no_panel_is_dropped_before_one_of_a_higher_rank(wanted: list[tuple[int, Demand]], height: int) -> None:
    rows = share_rows(wanted, height)
    firm = [(rank, r) for r, (rank, demand) in zip(rows, wanted, strict=True) if demand.min_rows and not demand.spare]
    dropped = [rank for rank, r in firm if r == 0]
    assert all(rank <= min(dropped) for rank, r in firm if r) if dropped else True
