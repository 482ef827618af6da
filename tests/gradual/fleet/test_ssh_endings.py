"""What an ending of `ssh` means, by its exit code and by what OpenSSH prints."""

import pytest

from gradual.fleet.endings import Ending
from gradual.fleet.hosts import RemoteHost
from gradual_common import __version__

CHANGED = """\
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Offending ED25519 key in /home/u/.ssh/known_hosts:3
  remove with:
  ssh-keygen -f "/home/u/.ssh/known_hosts" -R "10.77.0.5"
Host key for 10.77.0.5 has changed and you have requested strict checking.
Host key verification failed."""

UNKNOWN = """\
No ED25519 host key is known for 10.77.0.5 and you have requested strict checking.
Host key verification failed."""

ACCEPT = "ssh -o StrictHostKeyChecking=ask c true"


def explained(code: int, text: str = "", host: RemoteHost | None = None) -> str:
    lines = tuple(text.splitlines())
    return Ending(host or RemoteHost("c"), code, lines, ("ssh",), "gradual-agent").explain()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (UNKNOWN, "c: its host key is not known, so it got no token."),
        ("Host key verification failed.", "c: its host key is not known"),
        (CHANGED, "c: its host key has changed: it was installed anew, or somebody is in between."),
        (
            "load@c: Permission denied (publickey,password).",
            "c: the login failed: Permission denied (publickey,password). Nothing is asked here",
        ),
        ("Received disconnect from c: 2: Too many authentication failures", "c: the login failed: Too many"),
        ("ssh: connect to host c port 22: Connection refused", "c: it cannot be reached: Connection refused"),
        ("ssh: connect to host c port 22: Connection timed out", "c: it cannot be reached: Connection timed out"),
        ("ssh: connect to host c port 22: No route to host", "c: it cannot be reached: No route to host"),
        (
            "ssh: Could not resolve hostname c: Name or service not known",
            "c: it cannot be reached: Could not resolve hostname c: Name or service not known",
        ),
        (
            "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n"
            "kex_exchange_identification: Connection closed by remote host",
            "c: it cannot be reached: Connection refused",
        ),
        (
            "Connection to c closed by remote host.",
            "c: the SSH connection ended: Connection to c closed by remote host",
        ),
        ("", "c: the SSH connection was lost"),
    ],
)
def test_a_failed_connection_is_explained(text: str, message: str) -> None:
    assert explained(255, text).startswith(message)


def test_a_line_of_an_agent_is_not_taken_for_one_of_ssh() -> None:
    line = "12:00:00 [warning  ] no master at m:7700 for 10s: unavailable: Connection refused"
    assert explained(255, line) == "c: the SSH connection was lost"


def test_the_key_can_be_added_by_the_shown_command() -> None:
    assert explained(255, UNKNOWN).endswith(ACCEPT)
    assert explained(255, CHANGED).endswith(
        f'ssh-keygen -f "/home/u/.ssh/known_hosts" -R "10.77.0.5" and then {ACCEPT}'
    )


def test_the_advice_for_a_login_names_user_and_port() -> None:
    text = explained(255, "x: Permission denied (publickey).", RemoteHost("c", "load", 2222))
    assert "ssh-copy-id -p 2222 load@c" in text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (127, f"c: there is no gradual-agent (exit code 127): install Gradual {__version__} there"),
        (126, "c: gradual-agent cannot be run there (exit code 126)"),
        (2, f"c: gradual-agent does not take this command line (exit code 2): is it of version {__version__}?"),
        (3, "c: its agents ended with exit code 3"),
        (0, "c: its agents ended with exit code 0"),
        (-9, "c: ssh was ended by signal 9"),
    ],
)
def test_the_end_of_the_command_on_the_host_is_explained(code: int, message: str) -> None:
    assert explained(code, "ssh: connect to host c port 22: Connection refused").startswith(message)
