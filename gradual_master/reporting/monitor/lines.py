"""What the panels write with: lines of styled text that keep to a width, and the few styles there are.

Colours are of the 16 that every terminal has, and only such as can be read on both a light and a dark background.
By the palette of xterm the WCAG 2.1 contrast on white and on black is 5.8, 3.6 for red and 4.7, 4.5 for magenta; green
(2.2, 9.7), yellow (1.7) and cyan (2.0) are too faint for text on white, so green fills bars only. What a style says, a
word or a sign says as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

ALARM = "bold red"
WARNING = "magenta"
TITLE = "bold"
QUIET = "dim"
BAR = "green"

ELLIPSIS = "…"

ASCII = str.maketrans("▁▂▃▄▅▆▇█░▲─│┤└·…↑↓▏▎▍▌▋▊▉×→", "__--==##.^-||+.~^v.......x>")
"""For terminals whose encoding has no blocks, character by character: nothing becomes wider."""


def clean(text: str) -> str:
    """The first line of a text from elsewhere, without anything that would move the cursor."""
    first = text.strip().split("\n", 1)[0]
    return "".join(character if character.isprintable() else " " for character in first)


def fit(text: Text, width: int) -> Text:
    """The same text in at most `width` cells: what is too long ends with an ellipsis."""
    if text.cell_len > width:
        text.truncate(max(0, width), overflow="ellipsis" if width > 1 else "crop")
    return text


def cell(text: str, width: int, style: str = "", *, right: bool = False) -> Text:
    """Exactly `width` cells."""
    fitted = fit(Text(text, style), width)
    blank = " " * (width - fitted.cell_len)
    return Text.assemble(blank, fitted) if right else Text.assemble(fitted, blank)


def join(*parts: Text | str) -> Text:
    """Parts in a row."""
    return Text.assemble(*parts)


def ends(left: Text, right: Text, width: int) -> Text:
    """`left` at the left end and `right` at the right one; `left` gives way when both do not fit."""
    right = fit(right, width)
    left = fit(left, max(0, width - right.cell_len - 1))
    return join(left, " " * (width - left.cell_len - right.cell_len), right)


def heading(title: str, width: int, note: str = "") -> Text:
    """A panel's title in a rule over its width; `note` at its right end, without a gap, if there is room."""
    title = f" {title} "
    room = width - 2 - cell_len(title)
    note = f" {note}" if note and cell_len(note) + 2 <= room else ""
    rule = "─" * max(0, room - cell_len(note))
    return fit(join(Text("──", QUIET), Text(title, TITLE), Text(rule, QUIET), Text(note, QUIET)), width)


def beside(columns: Sequence[Sequence[Text]], widths: Sequence[int], gap: int) -> list[Text]:
    """Columns of lines side by side, each padded to its width."""
    drawn = []
    for number in range(max(map(len, columns))):
        row = Text()
        for place, (lines, width) in enumerate(zip(columns, widths, strict=True)):
            line = fit(lines[number], width) if number < len(lines) else Text()
            row.append_text(line)
            if place < len(columns) - 1:
                row.append(" " * (width - line.cell_len + gap))
        drawn.append(row)
    return drawn


class Page:
    """Finished lines, as rich prints them: nothing is wrapped."""

    def __init__(self, lines: Sequence[Text]) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines' segments, with a line feed between any two."""
        for number, line in enumerate(self.lines):
            if options.ascii_only:
                line.plain = line.plain.translate(ASCII).encode("ascii", "replace").decode()
            yield from line.render(console, end="\n" if number < len(self.lines) - 1 else "")
