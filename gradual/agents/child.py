"""An agent process of `gradual run`: it ends with the process that started it, however that ends.

Its standard input is a pipe that only the parent holds open: when the parent is gone, killed even, reading ends and so
does the agent. That holds on every system, whereas Linux's PR_SET_PDEATHSIG follows the thread that forked, not the
process. Before it connects it waits for the master's socket, so that it can be started while the master still loads.
"""

# ruff: noqa: PLC0415 - the parent is watched, and logging set up, before anything heavy loads
from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gradual_common.process.streams import standard_streams

if TYPE_CHECKING:
    from gradual_common.process.logs import LogFormat

NOT_DONE = 3
LOOK_S = 0.005
PATIENCE_S = 60.0


def end_with_parent() -> None:
    """Watch standard input from a thread; its end is the parent's."""
    threading.Thread(target=_watch, args=(os.dup(0),), name="parent", daemon=True).start()


def _watch(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os._exit(NOT_DONE)


def await_socket(path: Path) -> None:
    """Return when the master's socket is there, or when it has been waited for in vain."""
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(LOOK_S)


def main() -> None:
    """Arguments: the master's socket, this agent's name, the log level, the log format."""
    end_with_parent()
    with standard_streams():
        sys.exit(take_part())


def take_part() -> int:
    """Set logging up, and serve; the exit code."""
    socket, name, log_level, log_format = sys.argv[1:]
    from gradual_common.process.logs import configure_logging

    configure_logging(log_level, cast("LogFormat", log_format), agent=name)
    return serve(Path(socket), name)


def serve(socket: Path, name: str) -> int:
    """Load everything, wait for the master, and serve its run; the exit code."""
    import structlog

    from gradual_agent.errors import AgentError
    from gradual_agent.master_link.address import MasterAddress
    from gradual_agent.process.options import AgentOptions
    from gradual_agent.process.process import LATER, run_process
    from gradual_common.process.logs import hide_secrets

    importlib.import_module(LATER)
    await_socket(socket)
    address = MasterAddress.read(f"unix:{socket}")
    patience = round(PATIENCE_S * 1e9)
    try:
        return run_process(AgentOptions(address, name, max_users=None, master_wait=patience))
    except AgentError as error:
        sys.stderr.write(f"{name}: {hide_secrets(str(error))}\n")
        return NOT_DONE
    except Exception:
        # By the log, which shows nothing secret.
        structlog.get_logger(__name__).exception("the agent failed")
        return NOT_DONE
