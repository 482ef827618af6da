"""The `ssh` processes of a run, here a script in its place: what it is given, what is heard, and that it ends."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fleet_processes import wait_until

from gradual.errors import AgentsFailedError
from gradual.fleet import connections as module
from gradual.fleet.command_lines import AgentStart
from gradual.fleet.connections import SshConnections, ended_connections, printable
from gradual.fleet.hosts import RemoteHost
from gradual_common.security.security import FleetSecurity

A, B = RemoteHost("a"), RemoteHost("b")
TOKEN = "t" * 20
MASTERS = {A: "10.0.0.1:7700", B: "10.0.0.1:7700"}
WAITS = "cat > $0.$$"
"""Ends when its standard input does, as `ssh` and the agents do."""

Make = Callable[..., SshConnections]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Connections whose `ssh` is a script; nothing ends by itself, so the end of a run does not wait for that."""
    monkeypatch.setattr(module, "END_TIMEOUT_S", 0.0)

    def connections(script: str, log_format: str = "console") -> SshConnections:
        path = tmp_path / "ssh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        security = {A: FleetSecurity(TOKEN), B: FleetSecurity(TOKEN)}
        return SshConnections([str(path)], AgentStart(log_format=log_format), security)

    return connections


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(module, "say", lambda line: stream.write(f"{line}\n"))
    return stream


def test_each_ssh_gets_the_security_over_its_standard_input_and_ends_with_it(make: Make, tmp_path: Path) -> None:
    with ended_connections(connections := make(WAITS)):
        connections.start(MASTERS)
        connections.check()
    lines = [json.loads(path.read_text()) for path in tmp_path.glob("ssh.*")]
    assert [line["token"] for line in lines] == [TOKEN, TOKEN]


def test_the_command_line_and_the_environment_have_no_secret(
    make: Make, heard: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADUAL_TOKEN", "of-another-fleet")
    with ended_connections(connections := make('env; echo "$@"; cat > /dev/null')):
        connections.start(MASTERS)
        wait_until(lambda: heard.getvalue().count("--security-on-stdin") == 2, "both command lines")
    assert TOKEN not in heard.getvalue()
    assert "of-another-fleet" not in heard.getvalue()
    assert "a | SSH_ASKPASS_REQUIRE=never" in heard.getvalue().splitlines()


def test_an_error_ends_them(make: Make, tmp_path: Path) -> None:
    connections = make(WAITS)

    def run_until_interrupted() -> None:
        with ended_connections(connections):
            connections.start(MASTERS)
            wait_until(lambda: len(list(tmp_path.glob("ssh.*"))) == 2, "both run")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_until_interrupted()
    with pytest.raises(AgentsFailedError, match="a: its agents ended with exit code 0"):
        connections.check()


def test_one_that_does_not_end_is_killed(make: Make, heard: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_TIMEOUT_S", 0.0)
    with ended_connections(connections := make("exec sleep 1000")):
        connections.start(MASTERS)
    assert "a: its agents did not end in time; they end by themselves" in heard.getvalue()
    with pytest.raises(AgentsFailedError, match="a: ssh was ended by signal 9"):
        connections.check()


def test_before_the_run_an_ending_is_an_error_with_every_host(make: Make, heard: io.StringIO) -> None:
    with ended_connections(connections := make("echo 'ssh: connect to host x port 22: Connection refused'; exit 255")):
        connections.start(MASTERS)
        wait_until(lambda: heard.getvalue().count("refused") == 2, "both ended")
        with pytest.raises(AgentsFailedError) as failed:
            wait_until(connections.check, "both are noticed")
    assert "a: it cannot be reached: Connection refused" in str(failed.value)


def test_during_the_run_an_ending_is_reported_once(make: Make, heard: io.StringIO, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ended_connections(connections := make(f"until [ -e {gate} ]; do sleep 0.02; done; exit 255")):
        connections.start({A: MASTERS[A]})
        connections.begin()
        gate.touch()
        wait_until(lambda: "the run goes on" in heard.getvalue(), "the report")
    assert heard.getvalue() == "a: the SSH connection was lost; the run goes on without its agents\n"


def test_an_ending_just_before_the_run_is_reported_when_it_begins(make: Make, heard: io.StringIO) -> None:
    with ended_connections(connections := make("exit 3")):
        connections.start({A: MASTERS[A]})
        with pytest.raises(AgentsFailedError):
            wait_until(connections.check, "the end")
        connections.begin()
    assert heard.getvalue() == "a: its agents ended with exit code 3; the run goes on without its agents\n"


def test_lines_name_their_host_and_json_stays_json(make: Make, heard: io.StringIO) -> None:
    with ended_connections(connections := make("echo '{\"a\": 1}'; echo plain; cat > /dev/null", log_format="json")):
        connections.start({A: MASTERS[A]})
        wait_until(lambda: "plain" in heard.getvalue(), "the lines")
    assert heard.getvalue() == '{"a": 1}\na | plain\n'


def test_without_the_program_the_host_is_named() -> None:
    connections = SshConnections(["/nowhere/ssh"], AgentStart(), {A: FleetSecurity(TOKEN)})
    with pytest.raises(AgentsFailedError, match="a: /nowhere/ssh cannot be started: No such file"):
        connections.start({A: MASTERS[A]})


def test_a_line_cannot_change_the_terminal() -> None:
    assert printable("\x1b[2Jok\tthere") == "?[2Jok\tthere"
