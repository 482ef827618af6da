"""Logging while a run is a guest in somebody else's program.

What the program has set up stays as it is: handlers, levels, `warnings`, its own structlog. Its settings decide which
of our lines are shown, and where; where it has none, Python's last resort shows warnings on standard error.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from gradual_common.process.logs import GRPC_VERBOSITY, guest_processors

_LOCK = threading.Lock()
_guests = 0
"""Runs at this moment; the first sets structlog up and the last takes that back."""
_is_quieting = False
"""Whether it was the first run that has made gRPC's core quiet."""


@contextmanager
def guest_logging() -> Iterator[None]:
    """Within the block, our lines go through the `logging` of the standard library as the program has set it up."""
    global _guests, _is_quieting  # noqa: PLW0603 - structlog's configuration is the process's
    with _LOCK:
        is_ours = _guests > 0 or not structlog.is_configured()
        if is_ours and _guests == 0:
            structlog.configure(
                processors=guest_processors(),
                wrapper_class=structlog.stdlib.BoundLogger,
                logger_factory=structlog.stdlib.LoggerFactory(),
                cache_logger_on_first_use=False,
            )
            _is_quieting = GRPC_VERBOSITY not in os.environ
            os.environ.setdefault(GRPC_VERBOSITY, "NONE")
        _guests += is_ours
    try:
        yield
    finally:
        with _LOCK:
            _guests -= is_ours
            if is_ours and _guests == 0:
                structlog.reset_defaults()
                if _is_quieting:
                    os.environ.pop(GRPC_VERBOSITY, None)
