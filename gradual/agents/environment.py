"""The environment of the agents of `gradual run`.

They start before the plan is read, so nobody knows yet which variables hold its secrets. Agents need none of them: the
master reads the plan, and sends it. So they get what the system, Python and libraries need, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gradual_common.security.token import VARIABLE

NAMES: Final = frozenset(
    ("PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "LANGUAGE", "TERM", "NO_COLOR", "TMPDIR", "VIRTUAL_ENV")
)
PREFIXES: Final = ("LC_", "PYTHON", "LD_", "DYLD_", "MALLOC_", "OPENSSL_", "SSL_", "GRPC_", "COVERAGE_", "GRADUAL_")


def environment_of_agents(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that agents get."""
    return {
        name: value
        for name, value in environment.items()
        if name != VARIABLE and (name in NAMES or name.startswith(PREFIXES))
    }
