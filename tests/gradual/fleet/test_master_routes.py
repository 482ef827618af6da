"""Under which address the hosts find the master."""

import socket
from pathlib import Path

import pytest

from gradual.errors import AgentsFailedError, HostsRefusedError
from gradual.fleet.hosts import RemoteHost
from gradual.fleet.routes import SshSettings, master_addresses, parse_settings, read_settings, route_to
from gradual_common.net.addresses import EndpointAddress

HOST = RemoteHost("a")
EVERYWHERE = EndpointAddress.parse("0.0.0.0:7700", any_port=True)


def program(folder: Path, text: str) -> list[str]:
    """A stand-in for `ssh`."""
    path = folder / "ssh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


def test_the_settings_of_ssh_are_read() -> None:
    assert parse_settings("user u\nhostname 10.0.0.5\nport 2222\nproxyjump none\n") == SshSettings(
        "10.0.0.5", 2222, False
    )
    assert parse_settings("hostname a\nport 22\nproxyjump j\n").is_relayed
    assert parse_settings("hostname a\nport 22\nproxycommand nc %h %p\n").is_relayed


def test_the_address_is_that_of_the_route(tmp_path: Path) -> None:
    ssh = program(tmp_path, "printf 'hostname 127.0.0.1\\nport 22\\n'")
    assert master_addresses(ssh, [HOST], EVERYWHERE, None) == {HOST: "127.0.0.1"}


def test_a_named_address_and_one_that_is_listened_on_need_no_route() -> None:
    other = EndpointAddress.parse("10.0.0.9:7700", any_port=True)
    assert master_addresses(["absent"], [HOST], EVERYWHERE, "judge.example") == {HOST: "judge.example"}
    assert master_addresses(["absent"], [HOST], other, None) == {HOST: "10.0.0.9"}


def test_behind_a_jump_host_the_address_must_be_named() -> None:
    with pytest.raises(HostsRefusedError, match=r"a is reached through another host.*--master-address NAME"):
        route_to(HOST, SshSettings("a", 22, is_relayed=True), socket.AF_INET)


def test_a_name_that_is_unknown_is_an_error_of_the_host() -> None:
    with pytest.raises(AgentsFailedError, match=r"a: it cannot be reached: .* \(no-such-host\.invalid\)"):
        route_to(HOST, SshSettings("no-such-host.invalid", 22, is_relayed=False), socket.AF_INET)


def test_a_configuration_that_ssh_refuses_is_shown(tmp_path: Path) -> None:
    with pytest.raises(AgentsFailedError, match="a: ssh refuses its configuration: config: line 1: Bad option: x"):
        read_settings(program(tmp_path, "echo 'config: line 1: Bad option: x' >&2; exit 255"), HOST)
    with pytest.raises(AgentsFailedError, match="a: ssh refuses its configuration: exit code 1"):
        read_settings(program(tmp_path, "exit 1"), HOST)


def test_without_ssh_it_is_said_what_to_install() -> None:
    with pytest.raises(AgentsFailedError, match=r"/nowhere/ssh cannot be started: No such file.*OpenSSH"):
        read_settings(["/nowhere/ssh"], HOST)
