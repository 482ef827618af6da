"""Python code of a plan on agents elsewhere (`--allow-code` of `gradual fleet run` and `gradual kubernetes`).

Under `gradual run` the plan's own folder is allowed, since who runs the plan runs the agents too. This also holds for
agents that a command starts elsewhere. But the code is not there: it is a program, which may need libraries, so it is
installed as programs are, and the option names it. What it names is found by the agents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradual_common.kinds.python.kind import PythonSpec
from gradual_common.plan.model.plan import Plan
from gradual_common.secrecy.quoting import quoted


def complaint_of(plan: Plan, allowed: Sequence[str], *, where: str, how: str) -> str | None:
    """Why the plan's code cannot run on agents `where`, and `how` it can; None if it may, or if it has none."""
    for entry in allowed:
        if not entry.strip() or not entry.isprintable():
            return f"--allow-code {quoted(entry)}: write a folder, a .py file or a module, as it is called {where}"
    if allowed or not (named := dict.fromkeys(_code_of(plan))):
        return None
    return (
        f"the plan runs the code {', '.join(named)}, which is not sent with the plan: {how}, and name the folder, the"
        f" file or the installed module, as it is called {where}, with --allow-code"
    )


def _code_of(plan: Plan) -> Iterator[str]:
    """What is found by `module:coroutine`; to install an entry point is to allow it."""
    codes = (spec.python for spec in plan.actions.values() if isinstance(spec, PythonSpec))
    return (code for code in codes if ":" in code)
