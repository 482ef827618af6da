"""Real proxies: squid, which keeps connections and logs what it was asked; tinyproxy, which asks for credentials."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fleet_processes import free_port, stop, wait_until

SQUID = shutil.which("squid") or shutil.which("squid", path="/usr/sbin")
TINYPROXY = shutil.which("tinyproxy")

SQUID_CONFIGURATION = """
http_port 127.0.0.1:{port}
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
logformat asked %>p %rm %ru %>Hs
access_log stdio:{folder}/access.log asked
coredump_dir {folder}
cache deny all
http_access allow all
shutdown_lifetime 0 seconds
visible_hostname proxy.test
"""

TINYPROXY_CONFIGURATION = """
Port {port}
Listen 127.0.0.1
Timeout 30
LogFile "{folder}/tinyproxy.log"
LogLevel Connect
MaxClients 50
BasicAuth alice hunter2
"""


@dataclass(frozen=True)
class RunningProxy:
    """A proxy on loopback."""

    address: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def asked(self) -> list[tuple[str, ...]]:
        """What squid was asked, in order of the ends: port of the client, method, URL, status."""
        return [tuple(line.split()) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@contextmanager
def running_squid() -> Iterator[RunningProxy]:
    """The test is skipped when squid is not installed."""
    if SQUID is None:
        pytest.skip("squid is not installed (Debian: squid)")
    # Its own user writes the log, and may not enter the folders of pytest.
    with tempfile.TemporaryDirectory(prefix="gradual-squid-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        port = free_port()
        (folder / "squid.conf").write_text(SQUID_CONFIGURATION.format(port=port, folder=folder))
        command = [SQUID, "-N", "-f", str(folder / "squid.conf")]
        log = folder / "cache.log"
        with _running(command, lambda: log.exists() and "Accepting HTTP" in log.read_text()):
            yield RunningProxy(f"127.0.0.1:{port}", folder / "access.log")


@contextmanager
def running_tinyproxy(folder: Path) -> Iterator[RunningProxy]:
    """The test is skipped when tinyproxy is not installed."""
    if TINYPROXY is None:
        pytest.skip("tinyproxy is not installed (Debian: tinyproxy)")
    port = free_port()
    (folder / "tinyproxy.conf").write_text(TINYPROXY_CONFIGURATION.format(port=port, folder=folder))
    with _running([TINYPROXY, "-d", "-c", str(folder / "tinyproxy.conf")], lambda: _listens(port)):
        yield RunningProxy(f"127.0.0.1:{port}", folder / "tinyproxy.log")


@contextmanager
def _running(command: list[str], is_ready: Callable[[], bool]) -> Iterator[None]:
    process = subprocess.Popen(command, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(is_ready, f"{command[0]} accepts connections")
        yield
    finally:
        stop(process)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
