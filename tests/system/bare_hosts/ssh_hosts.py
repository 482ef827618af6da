"""Hosts that are reached over SSH: each network namespace runs an `sshd` of its own, with files of the test only.

Nothing of this machine's own SSH is used or changed: neither its sshd nor `~/.ssh`. The hosts share the file system, so
a host "has the package" if its PATH has a folder with `gradual-agent` in it.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from fleet_processes import BIN, DEADLINE_S, Target, running_target, stop, wait_until
from hosts import Host, Network, why_impossible

SSHD = """
ListenAddress {address}
HostKey {folder}/{name}_host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PATH={path}
"""

CLIENT = """
Host *
    User root
    IdentityFile {folder}/user_key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
"""

PRIVILEGE_SEPARATION = Path("/run/sshd")
"""sshd wants this empty folder; a package makes it when the machine starts."""


class SshHosts:
    """A network with a caller, a target and hosts with sshd. `close` ends everything."""

    def __init__(self, folder: Path, network: Network, names: Sequence[str]) -> None:
        self.folder = folder
        self.network = network
        self.names = tuple(names)
        self.servers: dict[str, subprocess.Popen[str]] = {}
        self.runs: list[subprocess.Popen[str]] = []
        self.config = folder / "ssh_config"
        self.config.write_text(CLIENT.format(folder=folder) + self._aliases())
        self.make_key("user_key")
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        (folder / "bin").mkdir()
        (folder / "bin/gradual-agent").symlink_to(BIN / "gradual-agent")
        for name in names:
            self.make_key(f"{name}_host_key")
        self.know(*names)

    def _aliases(self) -> str:
        """The hosts' names, which no DNS knows here."""
        return "".join(f"Host {name}\n    HostName {self.network[name].address}\n" for name in self.names)

    def make_key(self, name: str) -> None:
        """A new key pair."""
        for path in (self.folder / name, self.folder / f"{name}.pub"):
            path.unlink(missing_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)]
        subprocess.run(words, check=True, timeout=30)

    def know(self, *names: str) -> None:
        """Let the caller know the keys of these hosts, and no others."""
        keys = {name: (self.folder / f"{name}_host_key.pub").read_text() for name in names}
        lines = [f"{self.network[name].address} {key}" for name, key in keys.items()]
        (self.folder / "known_hosts").write_text("".join(lines))

    def serve(self, *names: str, has_package: bool = True) -> None:
        """Start the sshd of these hosts."""
        for name in names:
            host = self.network[name]
            path = f"{self.folder}/bin:/usr/bin:/bin" if has_package else "/usr/bin:/bin"
            config = self.folder / f"{name}_sshd_config"
            config.write_text(SSHD.format(folder=self.folder, name=name, address=host.address, path=path))
            log = (self.folder / f"{name}_sshd.log").open("a")
            words = [*host.prefix, shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", str(config)]
            with log:
                self.servers[name] = subprocess.Popen(words, stderr=log, text=True)
            wait_until(lambda host=host: is_listening(host), f"sshd of {name} listens")

    def start(self, plan: dict[str, Any] | Path, hosts: Sequence[str], *options: str) -> subprocess.Popen[str]:
        """Start `gradual fleet run` on the caller's host; its output goes to `run.log`."""
        path = plan if isinstance(plan, Path) else self.folder / "plan.yaml"
        if not isinstance(plan, Path):
            path.write_text(json.dumps(plan))
        words = [str(BIN / "gradual"), "fleet", "run", str(path), "--hosts", ",".join(hosts)]
        words += ["--ssh", f"ssh -F {self.config}", "-o", f"json={self.folder / 'summary.json'}"]
        words += ["--allow-saturated", "--allow-missing", "100%", "--processes", "1", *options]
        with (self.folder / "run.log").open("w") as log:
            run = subprocess.Popen(
                [*self.network["caller"].prefix, *words],
                stdout=log,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={**os.environ, "NO_COLOR": "1"},
            )
        self.runs.append(run)
        return run

    def wait(self, run: subprocess.Popen[str]) -> int:
        """The exit code of a run."""
        try:
            return run.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run did not end:\n{self.output()[-4000:]}") from None

    def output(self) -> str:
        """What the run has printed so far."""
        return (self.folder / "run.log").read_text()

    @property
    def summary(self) -> dict[str, Any]:
        """The summary of the run."""
        return dict(json.loads((self.folder / "summary.json").read_text()))

    def processes(self, word: str, host: str | None = None) -> list[psutil.Process]:
        """The processes of this network, or of one host, that have `word` in their command line."""
        names = [host] if host else self.network.hosts
        pids = {pid for name in names for pid in pids_of(self.network[name])}
        found = []
        for pid in pids:
            try:
                process = psutil.Process(pid)
                if word in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def await_no_agents(self, host: str | None = None) -> None:
        """Wait until no agent and no `ssh` of this network is left."""
        for word in ("gradual-agent", "gradual_agent", "ssh -F"):
            wait_until(lambda word=word: not self.processes(word, host), f"no {word} is left")

    def close(self) -> None:
        for process in (*self.runs, *self.servers.values()):
            stop(process)
        for name in self.network.hosts:
            for pid in pids_of(self.network[name]):
                os.kill(pid, signal.SIGKILL)


def pids_of(host: Host) -> list[int]:
    """The processes in the namespace of a host."""
    listed = subprocess.run(["ip", "netns", "pids", host.namespace], check=True, capture_output=True, text=True)
    return [int(word) for word in listed.stdout.split()]


def is_listening(host: Host) -> bool:
    """Whether a process listens at port 22 of a host."""
    words = [*host.prefix, "cat", "/proc/net/tcp"]
    sockets = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return any(row.split()[1].endswith(":0016") and row.split()[3] == "0A" for row in sockets.splitlines()[1:])


def why_no_sshd() -> str | None:
    """Why this machine cannot run hosts with sshd; None if it can."""
    if reason := why_impossible():
        return reason
    if shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        return "`sshd` is not installed (Debian: openssh-server)"
    return None if shutil.which("ssh") else "`ssh` is not installed (Debian: openssh-client)"


@contextmanager
def ssh_hosts(folder: Path, names: Sequence[str] = ("a", "b", "c")) -> Iterator[tuple[SshHosts, Target]]:
    """Hosts with sshd that are not started yet, and a target; skips where the machine does not allow it."""
    if reason := why_no_sshd():
        pytest.skip(reason)
    PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    network = Network()
    try:
        network.add("caller", "target", *names)
        system = network["target"]
        with running_target(folder, system.address, system.prefix) as target:
            hosts = SshHosts(folder, network, names)
            try:
                yield hosts, target
            finally:
                hosts.close()
    finally:
        network.close()
