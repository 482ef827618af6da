"""JSON files that a user names: of a size that can be read, and with an error that says what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradual_master.errors import SummaryRefusedError

MAX_BYTES = 256 << 20
"""Of one file: the summary of a day with a thousand steps has a tenth of it."""


def read_json(path: Path) -> Any:
    """What is in the file. SummaryRefusedError if it is no JSON, or larger than any summary; OSError if unreadable."""
    if path.stat().st_size > MAX_BYTES:
        raise SummaryRefusedError(f"{path} is larger than {MAX_BYTES >> 20} MB: no summary is")
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SummaryRefusedError(f"{path} is no JSON file: it is not UTF-8 (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise SummaryRefusedError(f"{path} is no JSON file: {error}") from error
