"""The code blocks of the documentation, as a reader sees them: page, number, language, text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """`number` counts the blocks of a page from 1."""

    page: Path
    number: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """How tests call it."""
        return f"{self.page.stem}-{self.number}"


def blocks_of(page: Path) -> list[Block]:
    """All of a page, in their order."""
    found = FENCED.findall(page.read_text(encoding="utf-8"))
    return [Block(page, number, language, text) for number, (language, text) in enumerate(found, 1)]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
