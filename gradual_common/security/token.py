"""The join token: a secret that master and agents share. It comes from a file or from the environment.

It is never an argument of a command: every user of a machine sees those in the list of processes.
"""

from __future__ import annotations

import stat
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from gradual_common.errors import SecurityError

VARIABLE: Final = "GRADUAL_TOKEN"
MIN_CHARS: Final = 16
"""A shorter token can be guessed by trying."""

MAX_CHARS: Final = 1024
"""gRPC accepts about 8 KiB of metadata in all."""

HINT: Final = "make one with: gradual certs token FILE"


def read_token(file: str | None, environment: MutableMapping[str, str]) -> tuple[str, list[str]]:
    """The token, "" without one, and warnings. SecurityError for a token that cannot be used.

    The variable is removed from `environment`, so that no child process inherits it.
    """
    given = environment.pop(VARIABLE, None)
    if file is not None:
        text, warnings = _read_file(Path(file))
        return _check(text, f"--token-file {file}"), warnings
    return ("" if given is None else _check(given, VARIABLE)), []


def _read_file(path: Path) -> tuple[str, list[str]]:
    try:
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise SecurityError(f"--token-file {path} cannot be read: {error.strerror}; {HINT}") from None
    readers = "every user" if mode & stat.S_IROTH else ""
    warnings = [f"{path} can be read by {readers} of this machine: chmod 600 {path}"] if readers else []
    try:
        return content.decode("ascii"), warnings
    except UnicodeDecodeError:
        raise SecurityError(f"--token-file {path} is not text in ASCII, as a token is; {HINT}") from None


def _check(text: str, source: str) -> str:
    """The token without the blanks around it; the message never shows it."""
    # Nor does it have a colon after "token": the log would take what follows for one, and show `***`.
    token = text.strip()
    if not token:
        raise SecurityError(f"{source} is empty; {HINT}")
    if len(token) < MIN_CHARS or len(token) > MAX_CHARS:
        raise SecurityError(f"{source} holds {len(token)} characters; a token has {MIN_CHARS} to {MAX_CHARS}; {HINT}")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SecurityError(
            f"{source} is no token, which is one line of visible ASCII characters without blanks; {HINT}"
        )
    return token
