"""The public interface of Gradual: the `gradual` command, `gradual.run`, `gradual.reporting`.

import gradual

summary = gradual.run("plan.yaml", users=50, duration="30s")
assert summary.verdict.status == "passed", summary.verdict.reasons
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradual_common import __version__

if TYPE_CHECKING:
    from gradual.api import run, run_async
    from gradual_common.errors import GradualError, PlanError
    from gradual_master.results.summary.sections import Summary

__all__ = ["GradualError", "PlanError", "Summary", "__version__", "run", "run_async"]

_MODULES = {
    "GradualError": "gradual_common.errors",
    "PlanError": "gradual_common.errors",
    "Summary": "gradual_master.results.summary.sections",
    "run": "gradual.api",
    "run_async": "gradual.api",
}


def __getattr__(name: str) -> Any:
    """Import a name at its first use: the command line imports this package too, and must start quickly."""
    if name not in _MODULES:
        raise AttributeError(f"module 'gradual' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - as above

    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
