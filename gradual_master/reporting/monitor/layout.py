"""Which panels are shown, in which columns and in how many rows, for a terminal of any size.

The screen is a stack: header, schedule, body, news, keys. The body has one, two or three columns, each a stack of
panels. `share_rows` divides the rows of a stack among its panels. A panel that does not get its `min_rows` is not shown
at all.
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
from gradual_master.reporting.monitor.panels.system import SystemPanel
from gradual_master.reporting.monitor.panels.users import UsersPanel
from gradual_master.reporting.monitor.state import MonitorState

GAP = 2
"""Blank columns between two panels."""

MAX_BODY_ROWS = 1000
"""More than any terminal has: the body takes all rows that no other panel needs."""

TWO_COLUMNS = 72
THREE_COLUMNS = 150
"""Terminal widths from which the body has two and three columns."""

Stack = Sequence[Panel]

ONE: tuple[Stack, ...] = (
    (
        UsersPanel(),
        SpeedPanel(),
        ObjectivesPanel(),
        SystemPanel(),
        AgentsPanel(),
        FailuresPanel(),
        StepsPanel(),
        THROUGHPUT,
    ),
)
TWO: tuple[Stack, ...] = (
    (UsersPanel(), ObjectivesPanel(), FailuresPanel(), StepsPanel()),
    (SpeedPanel(), SystemPanel(), AgentsPanel(), THROUGHPUT, LATENCY),
)
THREE: tuple[Stack, ...] = (
    (UsersPanel(), FailuresPanel(), StepsPanel()),
    (SpeedPanel(), THROUGHPUT, LATENCY),
    (ObjectivesPanel(), SystemPanel(), AgentsPanel()),
)


def compose(state: MonitorState, width: int, height: int) -> list[Text]:
    """`height` lines, none wider than `width`.

    On a terminal with few rows the drawing of the schedule is left out first, then the news: numbers matter more.
    """
    body = Body(THREE if width >= THREE_COLUMNS else TWO if width >= TWO_COLUMNS else ONE)
    header, news, keys = Header(), NewsPanel(), Keys()
    stacks: tuple[Stack, ...] = ((header, SchedulePanel(), body, news, keys), (header, body, news, keys))
    fitting = (stack for stack in stacks if _min_rows(panel.demand(state, width) for panel in stack) <= height)
    return draw_stack(next(fitting, (header, body, keys)), state, width, height)


def _min_rows(demands: Iterable[Demand]) -> int:
    return sum(max(demand.min_rows, demand.firm_rows) for demand in demands if not demand.spare)


def draw_stack(stack: Stack, state: MonitorState, width: int, height: int) -> list[Text]:
    """The panels below each other in exactly `height` lines; a panel with fewer lines than rows is padded."""
    demands = [panel.demand(state, width) for panel in stack]
    shares = share_rows([(panel.rank, demand) for panel, demand in zip(stack, demands, strict=True)], height)
    drawn: list[Text] = []
    for panel, rows in zip(stack, shares, strict=True):
        if rows:
            lines = [fit(line, width) for line in panel.lines(state, width, rows)]
            drawn += [*lines, *(Text() for _ in range(rows - len(lines)))]
    return [*drawn, *(Text() for _ in range(height - len(drawn)))]


def share_rows(wanted: Sequence[tuple[int, Demand]], height: int) -> list[int]:
    """How many rows each panel gets; `wanted` has (rank, demand) per panel; 0 rows: the panel is not shown."""
    by_rank = sorted(range(len(wanted)), key=lambda index: wanted[index][0])
    demands = [demand for _, demand in wanted]
    # In rounds, each in the order of rank:
    # 1. min_rows for every panel that is not spare. If they do not fit together, the highest ranks are dropped: a panel
    #    is never shown in part.
    # 2. firm_rows for all, before any panel gets its ideal_rows.
    # 3. ideal_rows for all.
    # 4. Spare panels, with rows that no other panel wants: at least their min_rows, or none.
    # 5. The rest goes to panels that can fill more rows (max_rows).
    kept = [index for index in by_rank if demands[index].min_rows and not demands[index].spare]
    while kept and sum(demands[index].min_rows for index in kept) > height:
        kept.pop()
    rows = [0] * len(wanted)
    for index in kept:
        rows[index] = demands[index].min_rows
    left = _raise(rows, kept, [demand.firm_rows for demand in demands], height - sum(rows))
    left = _raise(rows, kept, [demand.ideal_rows for demand in demands], left)
    spare = [index for index in by_rank if demands[index].spare]
    for index in spare:
        if demands[index].min_rows <= left:
            rows[index] = demands[index].min_rows
            left = _raise(rows, [index], [demand.ideal_rows for demand in demands], left - demands[index].min_rows)
    _raise(rows, [index for index in by_rank if rows[index]], [demand.max_rows for demand in demands], left)
    return rows


def _raise(rows: list[int], indices: Iterable[int], limits: Sequence[int], left: int) -> int:
    """Give one row to each panel in turn, up to its limit, until none is left; return how many rows are left."""
    growing = [index for index in indices if rows[index] < limits[index]]
    while growing and left:
        for index in growing[:left]:
            rows[index] += 1
            left -= 1
        growing = [index for index in growing if rows[index] < limits[index]]
    return left


class Body:
    """Stacks of panels side by side."""

    rank = 1

    def __init__(self, columns: Sequence[Stack]) -> None:
        self._columns = columns

    def _widths(self, width: int) -> list[int]:
        """Equal widths; the last column also has the remainder."""
        count = len(self._columns)
        each = (width - GAP * (count - 1)) // count
        return [each] * (count - 1) + [width - (each + GAP) * (count - 1)]

    def demand(self, state: MonitorState, width: int) -> Demand:
        """The demand of the tallest column. The body takes all spare rows, so that the keys are on the last line."""
        columns = [
            [panel.demand(state, size) for panel in stack]
            for stack, size in zip(self._columns, self._widths(width), strict=True)
        ]
        ideal = max(sum(demand.ideal_rows for demand in column if not demand.spare) for column in columns)
        return Demand(2, ideal, max(ideal, MAX_BODY_ROWS), firm_rows=max(map(_min_rows, columns)))

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """The columns side by side, each with `rows` rows."""
        widths = self._widths(width)
        drawn = [draw_stack(stack, state, size, rows) for stack, size in zip(self._columns, widths, strict=True)]
        return beside(drawn, widths, GAP)
