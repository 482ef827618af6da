"""A copy of `deploy/kubernetes` that a test may change, with certificates and a token of its own."""

import shutil
import subprocess
from pathlib import Path

from docs_blocks import ROOT
from fleet_processes import BIN


def copy_kustomize(folder: Path) -> Path:
    """Copy what `kubectl apply -k` reads to `folder`, and return the copy of `deploy/kubernetes`."""
    shutil.copytree(ROOT / "gradual/kubernetes/base", folder / "gradual/kubernetes/base")
    copy = folder / "deploy/kubernetes"
    shutil.copytree(ROOT / "deploy/kubernetes", copy, ignore=shutil.ignore_patterns("fleet"))
    fleet = str(copy / "base/fleet")
    for arguments in (["init", fleet, "--host", "gradual-master"], ["agent", fleet, "agent"]):
        subprocess.run([str(BIN / "gradual"), "certs", *arguments], check=True, capture_output=True)
    return copy
