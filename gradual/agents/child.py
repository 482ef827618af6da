"""An agent process of `gradual run`: it ends when the process that started it ends, for any reason.

It waits for the master's socket before it connects, so that it can load its modules while the master loads its own.
"""

# ruff: noqa: PLC0415 - the parent is watched, and logging set up, before anything heavy loads
from __future__ import annotations

import importlib
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import cast

from gradual_common.process.core_dumps import forbid_core_dumps
from gradual_common.process.exit_codes import NOT_DONE
from gradual_common.process.parent import watch_parent
from gradual_common.process.streams import StandardStreams

POLL_S = 0.005
MASTER_TIMEOUT_S = 60.0
"""For the socket, and again for the connection: the master may load a large plan."""


def main() -> None:
    """Arguments: this agent's name, the master's socket, the log level, the log format, the folder of the plan."""
    forbid_core_dumps()
    watch_parent(partial(os._exit, NOT_DONE))
    name, socket, log_level, log_format, folder = sys.argv[1:]
    with StandardStreams():
        from gradual_common.process.logs import LogFormat, configure_logging

        configure_logging(log_level, cast(LogFormat, log_format), agent=name)
        sys.exit(serve(Path(socket), name, folder))


def serve(socket: Path, name: str, folder: str = "") -> int:
    """Load everything, wait for the master, and serve its run; return the exit code.

    `folder`: plans may run the Python code in it; empty: none.
    """
    from gradual_agent.process.options import AgentOptions
    from gradual_agent.process.process import PLAN_MODULE, exit_code_of_run

    importlib.import_module(PLAN_MODULE)
    from gradual_agent.runtime.allowed_code import AllowedPath

    await_socket(socket)
    allowed = (AllowedPath.of_folder(Path(folder)),) if folder else ()
    wait = round(MASTER_TIMEOUT_S * 1e9)
    options = AgentOptions(f"unix:{socket}", name, max_users=None, master_wait=wait, allow_code=allowed)
    return exit_code_of_run(options, name)


def await_socket(path: Path) -> None:
    """Return when the master's socket exists, or after `MASTER_TIMEOUT_S` without it."""
    deadline = time.monotonic() + MASTER_TIMEOUT_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(POLL_S)
