"""The limit of open files: every connection is one."""

from __future__ import annotations

import resource


def raise_file_limit(enough: int) -> int:
    """Raise the soft limit of this process to the hard one; the limit, or `enough` where there is none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # Where "unlimited" is more than the kernel gives (macOS).
        return soft
    return enough if hard == resource.RLIM_INFINITY else hard
