"""Where a join token comes from, and what is wrong with one that cannot be used."""

from pathlib import Path

import pytest

from gradual_common.errors import SecurityError
from gradual_common.process.logs import hide_secrets
from gradual_common.security.token import VARIABLE, read_token

TOKEN = "kT5_9dQ2-mB7xW1z"


def test_it_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert read_token(str(file), {}) == (TOKEN, [])


def test_a_variable_is_taken_out_of_the_environment() -> None:
    environment = {VARIABLE: TOKEN, "PATH": "/bin"}
    assert read_token(None, environment) == (TOKEN, [])
    assert environment == {"PATH": "/bin"}


def test_a_file_goes_before_the_variable_which_no_child_inherits(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    environment = {VARIABLE: "another-token-of-the-fleet"}
    assert read_token(str(file), environment) == (TOKEN, [])
    assert environment == {}


def test_without_either_there_is_none() -> None:
    assert read_token(None, {}) == ("", [])


def test_a_file_that_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    token, warnings = read_token(str(file), {})
    assert token == TOKEN
    assert warnings == [f"{file} can be read by every user of this machine: chmod 600 {file}"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"short", "holds 5 characters; a token has 16 to 1024"),
        (b"x" * 1025, "holds 1025 characters"),
        (b"two words of a token", "one line of visible ASCII characters"),
        (b"token-of-two\nlines-in-a-file", "one line of visible ASCII characters"),
        ("tökentökentöken!".encode(), "not text in ASCII"),
    ],
)
def test_a_token_that_cannot_be_used_is_named_but_not_shown(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(SecurityError, match=message) as raised:
        read_token(str(file), {})
    assert str(file) in str(raised.value)
    assert "gradual certs token" in str(raised.value)
    assert hide_secrets(str(raised.value)) == str(raised.value)
    assert not content.strip() or content.decode() not in str(raised.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SecurityError, match=r"--token-file /nowhere/token cannot be read: No such file"):
        read_token("/nowhere/token", {})


def test_an_empty_variable_is_an_error_and_not_no_token() -> None:
    with pytest.raises(SecurityError, match="GRADUAL_TOKEN is empty"):
        read_token(None, {VARIABLE: ""})
