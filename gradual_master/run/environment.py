"""Where a run took place: the machine, the interpreter, the repository. All of it is read, none of it is needed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

GIT_TIMEOUT_S = 2.0


def fingerprint() -> dict[str, Any]:
    """What must be alike for two runs to be compared: interpreter, system, architecture, cores."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }


def git_facts(folder: Path) -> dict[str, Any] | None:
    """Commit, branch (None when detached) and whether files were changed; None outside of a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    branch = _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "branch": branch, "dirty": bool(changes)}


def _git(folder: Path, *words: str) -> str | None:
    """What git answers; None when it cannot."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command, found on the path, without a shell
            [git, "-C", str(folder), *words], capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
