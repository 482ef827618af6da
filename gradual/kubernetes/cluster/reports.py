"""The reports of a run, from the master's pod to the caller's disk."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Final

from gradual.errors import ClusterError, ClusterInputError
from gradual.kubernetes.cluster.client import Cluster
from gradual.kubernetes.cluster.diagnosis import SIDECAR

PACK: Final = ("tar", "-C", "/report", "-czf", "-", "--exclude=./.collected", ".")
RELEASE: Final = ("touch", "/report/.collected")


def check_folder(folder: Path) -> None:
    """ClusterInputError if reports could not be written there, before any load; makes nothing."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise ClusterInputError(
            f"--report-folder {folder}: cannot be written: {error.strerror or error}; name a folder that can be"
        ) from error


def fetch_reports(cluster: Cluster, pod: str, folder: Path) -> list[Path]:
    """Copy the reports into a folder, which is made if it is not there; the files. The pod may end then."""
    packed = cluster.execute(pod, SIDECAR, PACK)
    files = unpack(packed, folder)
    release(cluster, pod)
    return files


def release(cluster: Cluster, pod: str) -> None:
    """Let a pod end that waits for somebody who fetches the reports."""
    cluster.execute(pod, SIDECAR, RELEASE)


def unpack(packed: bytes, folder: Path) -> list[Path]:
    """Write the plain files of an archive into a folder; nothing outside of it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            files = [member for member in archive.getmembers() if member.isfile()]
            archive.extractall(folder, files, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ClusterError(f"the reports did not arrive whole: {error}") from error
    except OSError as error:
        raise ClusterError(f"the reports cannot be written to {folder}: {error.strerror or error}") from error
    return sorted(folder / member.name for member in files)
