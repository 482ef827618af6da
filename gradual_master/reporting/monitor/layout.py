"""Which panels are shown, in which columns and in how many rows, on a terminal of any size.

The screen is a stack: header, schedule, body, news, keys. The body has one, two or three columns, each a stack of
panels. Rows are shared out in rounds: panels that do not fit are dropped, the highest rank first; the others get their
least, then, one row after the other, what they insist on and what they would like; then come spare panels, and rows to
grow on. So a panel is shown whole in the rows that it has, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from gradual_master.reporting.monitor.lines import beside, fit
from gradual_master.reporting.monitor.panels.agents import AgentsPanel
from gradual_master.reporting.monitor.panels.base import Demand, Panel
from gradual_master.reporting.monitor.panels.failures import FailuresPanel
from gradual_master.reporting.monitor.panels.header import Header, Keys
from gradual_master.reporting.monitor.panels.news import NewsPanel
from gradual_master.reporting.monitor.panels.objectives import ObjectivesPanel
from gradual_master.reporting.monitor.panels.schedule import SchedulePanel
from gradual_master.reporting.monitor.panels.speed import LATENCY, THROUGHPUT, SpeedPanel
from gradual_master.reporting.monitor.panels.step_table import StepsPanel
from gradual_master.reporting.monitor.panels.users import UsersPanel
from gradual_master.reporting.monitor.state import MonitorState

GAP = 2
"""Blank columns between two panels."""

MOST_ROWS = 1000

TWO_COLUMNS = 72
THREE_COLUMNS = 150

Stack = Sequence[Panel]

ONE: tuple[Stack, ...] = (
    (UsersPanel(), SpeedPanel(), ObjectivesPanel(), AgentsPanel(), FailuresPanel(), StepsPanel(), THROUGHPUT),
)
TWO: tuple[Stack, ...] = (
    (UsersPanel(), ObjectivesPanel(), FailuresPanel(), StepsPanel()),
    (SpeedPanel(), AgentsPanel(), THROUGHPUT, LATENCY),
)
THREE: tuple[Stack, ...] = (
    (UsersPanel(), FailuresPanel(), StepsPanel()),
    (SpeedPanel(), THROUGHPUT, LATENCY),
    (ObjectivesPanel(), AgentsPanel()),
)


def compose(state: MonitorState, width: int, height: int) -> list[Text]:
    """`height` lines, none wider than `width`.

    On a low terminal the drawing of the schedule, and then the news, make way for the numbers.
    """
    body = Body(THREE if width >= THREE_COLUMNS else TWO if width >= TWO_COLUMNS else ONE)
    header, news, keys = Header(), NewsPanel(), Keys()
    stacks: tuple[Stack, ...] = ((header, SchedulePanel(), body, news, keys), (header, body, news, keys))
    fitting = (stack for stack in stacks if _least_rows(panel.demand(state, width) for panel in stack) <= height)
    return draw_stack(next(fitting, (header, body, keys)), state, width, height)


def _least_rows(demands: Iterable[Demand]) -> int:
    return sum(max(demand.least, demand.firm) for demand in demands if not demand.spare)


def draw_stack(stack: Stack, state: MonitorState, width: int, height: int) -> list[Text]:
    """The panels below each other in exactly `height` lines; what stands below blank rows keeps its place."""
    demands = [panel.demand(state, width) for panel in stack]
    shares = share_rows([(panel.rank, demand) for panel, demand in zip(stack, demands, strict=True)], height)
    drawn: list[Text] = []
    for panel, rows in zip(stack, shares, strict=True):
        if rows:
            lines = [fit(line, width) for line in panel.lines(state, width, rows)]
            drawn += [*lines, *(Text() for _ in range(rows - len(lines)))]
    return [*drawn, *(Text() for _ in range(height - len(drawn)))]


def share_rows(wanted: Sequence[tuple[int, Demand]], height: int) -> list[int]:
    """Rows for each of some panels, given as (rank, demand); 0 for one that is not shown."""
    by_rank = sorted(range(len(wanted)), key=lambda place: wanted[place][0])
    demands = [demand for _, demand in wanted]
    # In rounds, each in the order of rank. Every panel that is shown gets its least first, so that none is shown in
    # part; then all get what they insist on before any gets what it would like. Spare panels come after that: one takes
    # rows only that nobody else would like, all it needs or none. What is still left goes to whoever can fill it.
    kept = [place for place in by_rank if demands[place].least and not demands[place].spare]
    while kept and sum(demands[place].least for place in kept) > height:
        kept.pop()
    rows = [0] * len(wanted)
    for place in kept:
        rows[place] = demands[place].least
    left = _raise(rows, kept, [demand.firm for demand in demands], height - sum(rows))
    left = _raise(rows, kept, [demand.ideal for demand in demands], left)
    spare = [place for place in by_rank if demands[place].spare]
    for place in spare:
        if demands[place].least <= left:
            rows[place] = demands[place].least
            left = _raise(rows, [place], [demand.ideal for demand in demands], left - demands[place].least)
    _raise(rows, [place for place in by_rank if rows[place]], [demand.most for demand in demands], left)
    return rows


def _raise(rows: list[int], places: Iterable[int], limits: Sequence[int], left: int) -> int:
    """A row to each in turn, up to its limit, as long as there are any; how many are left."""
    growing = [place for place in places if rows[place] < limits[place]]
    while growing and left:
        for place in growing[:left]:
            rows[place] += 1
            left -= 1
        growing = [place for place in growing if rows[place] < limits[place]]
    return left


class Body:
    """Stacks of panels side by side."""

    rank = 1

    def __init__(self, columns: Sequence[Stack]) -> None:
        self._columns = columns

    def _widths(self, width: int) -> list[int]:
        """Equal ones; the last column has what is over."""
        count = len(self._columns)
        each = (width - GAP * (count - 1)) // count
        return [each] * (count - 1) + [width - (each + GAP) * (count - 1)]

    def demand(self, state: MonitorState, width: int) -> Demand:
        """That of the tallest column; rows that nothing else wants are the body's, so that the keys stay below."""
        columns = [
            [panel.demand(state, size) for panel in stack]
            for stack, size in zip(self._columns, self._widths(width), strict=True)
        ]
        ideal = max(sum(demand.ideal for demand in column if not demand.spare) for column in columns)
        return Demand(2, ideal, max(ideal, MOST_ROWS), firm=max(map(_least_rows, columns)))

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The columns, each of so many rows."""
        widths = self._widths(width)
        drawn = [draw_stack(stack, state, size, rows) for stack, size in zip(self._columns, widths, strict=True)]
        return beside(drawn, widths, GAP)
