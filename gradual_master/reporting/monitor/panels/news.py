"""The latest news of the fleet, and warnings and errors of the log: the newest at the bottom."""

from __future__ import annotations

from rich.text import Text

from gradual_master.reporting.monitor.lines import ALARM, ELLIPSIS, QUIET, WARNING, fit, heading
from gradual_master.reporting.monitor.panels.base import Demand
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.reporting.text.formatting import show_seconds
from gradual_master.results.summary.history import News

SIGNS = {"info": ("  ", ""), "warning": ("! ", WARNING), "error": ("!!", ALARM)}
IDEAL_ROWS = 3
MAX_ROWS = 12
"""Of news, without the heading."""


class NewsPanel:
    """As many of the latest news as fit; only the oldest one may be cut."""

    rank = 4

    def demand(self, state: MonitorState, width: int) -> Demand:
        """The heading and at least one line; nothing without news."""
        wanted = sum(len(_wrap(news, width)) for news in list(state.news)[-MAX_ROWS:])
        return Demand(2, 1 + min(IDEAL_ROWS, wanted), 1 + min(MAX_ROWS, wanted)) if wanted else Demand(0, 0, 0)

    def lines(self, state: MonitorState, width: int, rows: int) -> list[Text]:
        """From the newest backwards, until the rows are used up."""
        room, drawn = rows - 1, list[Text]()
        for news in reversed(state.news):
            wrapped = _wrap(news, width)
            kept = wrapped[: room - len(drawn)]
            if len(kept) < len(wrapped):
                kept[-1] = fit(Text.assemble(fit(kept[-1], width - 2), f" {ELLIPSIS}"), width)
            drawn = kept + drawn
            if len(drawn) >= room:
                break
        return [heading("News", width), *drawn]


def _wrap(news: News, width: int) -> list[Text]:
    """Time, sign of the level and text; the lines after the first are indented."""
    sign, style = SIGNS[news.level]
    head = Text.assemble(Text(f"{show_seconds(news.at_s):>7} ", QUIET), Text(f"{sign} ", style))
    indent = head.cell_len if width > 3 * head.cell_len else 0
    parts = _broken(news.text, max(1, width - head.cell_len), max(1, width - indent))
    lines = [Text(part, style) for part in parts] or [Text("", style)]
    return [Text.assemble(head if number == 0 else Text(" " * indent), line) for number, line in enumerate(lines)]


def _broken(text: str, first: int, others: int) -> list[str]:
    """Break a text at spaces into parts of at most `first` and then `others` cells (some characters have two cells)."""
    parts, room, line = list[str](), first, ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if Text(longer).cell_len <= room or not line:
            line = longer
        else:
            parts.append(line)
            room, line = others, word
    return [*parts, line] if line else parts
