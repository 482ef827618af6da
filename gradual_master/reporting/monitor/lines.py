"""Tools of the panels: lines of styled text within a width, sparklines and bars, and the styles.

The colours are among the 16 that every terminal has, and can be read on a light and on a dark background.
By the palette of xterm the WCAG 2.1 contrast on white and on black is 5.8, 3.6 for red and 4.7, 4.5 for magenta; green
(2.2, 9.7), yellow (1.7) and cyan (2.0) are too faint for text on white, so green fills bars only. What a
style shows is also shown by a word or a sign, for people who do not see colours.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from gradual_master.reporting.text.block_chart import BLOCKS, EIGHTHS, height_of

ALARM = "bold red"
WARNING = "magenta"
TITLE = "bold"
QUIET = "dim"
BAR = "green"

ELLIPSIS = "…"

NO_SAMPLES = " "
ZERO = "·"
"""Three different things: no data is blank, zero is this dot, a very small value is the lowest block."""

PARTS = " ▏▎▍▌▋▊▉"
FULL = "█"
WANTED = "░"

NOTEWORTHY = 0.05
"""Share of the former value; a smaller change is not shown."""

MAX_PERCENT_CHANGE = 9.99
"""A share too (999 %); a larger change is shown as a factor: ↑×12."""

ASCII = str.maketrans("▁▂▃▄▅▆▇█░▲─│┤└·…↑↓▏▎▍▌▋▊▉×→", "__--==##.^-||+.~^v.......x>")
"""For terminals whose encoding has no blocks: one character for one character, so that no line becomes wider."""


def clean(text: str) -> str:
    """The first line of a foreign text (a URL, an error), without control characters, which would move the cursor."""
    first = text.strip().split("\n", 1)[0]
    return "".join(character if character.isprintable() else " " for character in first)


def fit(text: Text, width: int) -> Text:
    """Cut the text to at most `width` cells; a cut text ends with an ellipsis."""
    if text.cell_len > width:
        text.truncate(max(0, width), overflow="ellipsis" if width > 1 else "crop")
    return text


def cell(text: str, width: int, style: str = "", *, right: bool = False) -> Text:
    """The text in exactly `width` cells."""
    fitted = fit(Text(text, style), width)
    blank = " " * (width - fitted.cell_len)
    return Text.assemble(blank, fitted) if right else Text.assemble(fitted, blank)


def ends(left: Text, right: Text, width: int) -> Text:
    """`left` at the left end and `right` at the right one; `left` is cut when both do not fit."""
    right = fit(right, width)
    left = fit(left, max(0, width - right.cell_len - 1))
    return Text.assemble(left, " " * (width - left.cell_len - right.cell_len), right)


def heading(title: str, width: int, note: str = "") -> Text:
    """A panel's title in a horizontal line; `note` at the right end of the line, if there is room."""
    title = f" {title} "
    room = width - 2 - cell_len(title)
    note = f" {note}" if note and cell_len(note) + 2 <= room else ""
    rule = "─" * max(0, room - cell_len(note))
    return fit(Text.assemble(Text("──", QUIET), Text(title, TITLE), Text(rule, QUIET), Text(note, QUIET)), width)


def beside(columns: Sequence[Sequence[Text]], widths: Sequence[int], gap: int) -> list[Text]:
    """Columns of lines side by side, each padded to its width."""
    drawn = []
    for number in range(max(map(len, columns))):
        row = Text()
        for column, (lines, width) in enumerate(zip(columns, widths, strict=True)):
            line = fit(lines[number], width) if number < len(lines) else Text()
            row.append_text(line)
            # Not after the last column: blanks at the end of a line would only be more bytes for a slow terminal.
            if column < len(columns) - 1:
                row.append(" " * (width - line.cell_len + gap))
        drawn.append(row)
    return drawn


def sparkline(values: Sequence[float | None]) -> str:
    """One character per value, from 0 to the largest of them; blank for None."""
    peak = max((value for value in values if value is not None), default=0.0)
    return "".join(_level(value, peak) for value in values)


def _level(value: float | None, peak: float) -> str:
    if value is None:
        return NO_SAMPLES
    return BLOCKS[min(EIGHTHS, height_of(value, peak, 1))] if value > 0 else ZERO


def bar(actual: float, target: float, peak: float, columns: int) -> tuple[str, str]:
    """(filled part, missing part up to the target) of a bar; its full length, `columns`, is `peak`."""
    if peak <= 0 or columns <= 0:
        return "", ""
    # The filled part ends at an eighth of a column. The missing part starts at the next whole column, as one character
    # cannot show both. A few of very many users still get the thinnest block: few is not the same as none.
    longest = max(peak, actual, target)
    eighths = round(actual / longest * columns * EIGHTHS)
    full, part = divmod(eighths, EIGHTHS)
    filled = FULL * full + (PARTS[part] if part else "")
    if actual > 0 and not filled:
        filled = PARTS[1]
    return filled, WANTED * max(0, round(target / longest * columns) - len(filled))


def change(now: float | None, before: float | None) -> str:
    """`↑12%`, `↓8%`, `↑×12`; empty for a small change, or without a former value."""
    if now is None or not before:
        return ""
    share = now / before - 1
    if abs(share) < NOTEWORTHY:
        return ""
    arrow = "↑" if share > 0 else "↓"
    return f"{arrow}×{min(now / before, 999):.0f}" if share > MAX_PERCENT_CHANGE else f"{arrow}{abs(share):.0%}"


class Page:
    """Finished lines for rich to print; rich does not wrap them."""

    def __init__(self, lines: Sequence[Text]) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines' segments, with a line feed between any two."""
        for number, line in enumerate(self.lines):
            if options.ascii_only:
                line.plain = line.plain.translate(ASCII).encode("ascii", "replace").decode()
            yield from line.render(console, end="\n" if number < len(self.lines) - 1 else "")
