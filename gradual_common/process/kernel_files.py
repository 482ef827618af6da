"""Reads the kernel's files below a folder: `/` of this host, or a copy in a test.

A file that is not there, or may not be read, or has another form is a fact that this host does not tell: None.
"""

from __future__ import annotations

from pathlib import Path


class KernelFiles:
    """The files of /proc and /sys below one folder."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def text(self, path: str) -> str | None:
        """The text of a file, without blanks at its ends."""
        try:
            return (self._root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """The whole number that a file consists of."""
        return whole(self.text(path))

    def words(self, path: str) -> list[str]:
        """The words of a file; none if it cannot be read."""
        return (self.text(path) or "").split()

    def fields(self, path: str) -> dict[str, str]:
        """The lines `key value` or `key: value` of a file."""
        lines = (line.replace(":", " ", 1).split(maxsplit=1) for line in (self.text(path) or "").splitlines())
        return {words[0]: words[1] for words in lines if len(words) == 2}

    def has(self, path: str) -> bool:
        """Whether the path exists."""
        return (self._root / path).exists()

    def matching(self, pattern: str) -> list[str]:
        """The texts of all files that match, in the order of their names."""
        paths = sorted(str(path.relative_to(self._root)) for path in self._root.glob(pattern))
        return [text for path in paths if (text := self.text(path)) is not None]


def whole(text: str | None) -> int | None:
    """The whole number of a text; None for anything else."""
    return int(text) if text is not None and text.isdecimal() else None
