"""The clock of a run, and the facts about its machine, interpreter and Git repository."""

import os
import platform
import secrets
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gradual_common.clock import CLOCK_ID, NS_PER_S

GIT_TIMEOUT_S = 2.0


class RunClock:
    """A call returns the run time: ns since the origin of the run. The identifier of the run contains its origin."""

    def __init__(self) -> None:
        self.origin = time.clock_gettime_ns(CLOCK_ID)
        self.started_at = datetime.now(UTC)
        self.run = f"{self.started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"

    def __call__(self) -> int:
        return time.clock_gettime_ns(CLOCK_ID) - self.origin

    @property
    def epoch(self) -> int:
        """The Unix time of the run's origin, ns."""
        return time.time_ns() - self()

    def wall_time(self, instant: int) -> str:
        """A run time as date and time of day, RFC 3339."""
        return datetime.fromtimestamp((self.epoch + instant) / NS_PER_S, UTC).isoformat()


def fingerprint() -> dict[str, Any]:
    """What must be equal for a fair comparison of two runs: interpreter, system, architecture, cores."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }


def git_facts(folder: Path) -> dict[str, Any] | None:
    """Commit, branch (None if detached) and whether files were changed; None outside of a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    branch = _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "branch": branch, "dirty": bool(changes)}


def _git(folder: Path, *words: str) -> str | None:
    """The output of git; None if it fails."""
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
