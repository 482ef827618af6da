"""Entries of `--hosts` and of a file: what they say, and what is refused."""

from pathlib import Path

import pytest

from gradual.errors import HostsRefusedError
from gradual.fleet.hosts import RemoteHost, read_hosts


@pytest.mark.parametrize(
    ("entry", "host", "label", "destination"),
    [
        ("a", RemoteHost("a"), "a", "a"),
        ("load@a.example:2222", RemoteHost("a.example", "load", 2222), "a.example:2222", "load@a.example"),
        ("10.0.0.5", RemoteHost("10.0.0.5"), "10.0.0.5", "10.0.0.5"),
        ("[fd00::5]:22", RemoteHost("fd00::5", None, 22), "fd00::5:22", "fd00::5"),
        ("my_host-1", RemoteHost("my_host-1"), "my_host-1", "my_host-1"),
    ],
)
def test_an_entry_is_read(entry: str, host: RemoteHost, label: str, destination: str) -> None:
    (read,) = read_hosts(entry, None)
    assert (read, read.label, read.destination) == (host, label, destination)


def test_the_hosts_of_both_options_are_used(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# ours\nb\n\nroot@c:2222  # slow\n")
    assert [host.label for host in read_hosts("a", file)] == ["a", "b", "c:2222"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("-oProxyCommand=x", "--hosts: '-oProxyCommand=x' is not a host; write [USER@]HOST[:PORT]"),
        ("-x@a", "is not a host"),
        ("a,,b", "'' is not a host"),
        ("a b", "is not a host"),
        ("ssh://a", "is not a host"),
        ("a;reboot", "is not a host"),
        ("fd00::5", "an IPv6 address in brackets"),
        ("a:0", "0 is not a port from 1 to 65535"),
        ("a:65536", "65536 is not a port"),
        ("a,b,a", "given more than once: a; name each host once"),
        ("u@a,v@a", "given more than once: a"),
    ],
)
def test_a_wrong_entry_is_refused(entry: str, message: str) -> None:
    with pytest.raises(HostsRefusedError) as refused:
        read_hosts(entry, None)
    assert message in str(refused.value)


def test_a_file_with_a_mistake_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("a\n*\n")
    with pytest.raises(HostsRefusedError, match=r"hosts:2: '\*' is not a host"):
        read_hosts(None, file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostsRefusedError, match="absent: it cannot be read: No such file"):
        read_hosts(None, tmp_path / "absent")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(HostsRefusedError, match="binary: it is not text in UTF-8; one host per line"):
        read_hosts(None, tmp_path / "binary")


@pytest.mark.parametrize("given", [None, ""])
def test_without_hosts_both_options_are_named(given: str | None) -> None:
    with pytest.raises(HostsRefusedError, match="--hosts a,b,c or --hosts-file FILE"):
        read_hosts(given, None)
