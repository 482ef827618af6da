"""The code blocks of the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: Path
    number: int
    """Counted from 1 on each page."""

    language: str
    text: str

    @property
    def name(self) -> str:
        """The name of the block in tests: `fleet-2`."""
        return f"{self.page.stem}-{self.number}"


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    found = FENCED.findall(page.read_text(encoding="utf-8"))
    return [Block(page, number, language, text) for number, (language, text) in enumerate(found, 1)]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
