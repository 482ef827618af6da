"""`gradual certs` as its users call it: files, exit codes, and one clear line for each mistake."""

from pathlib import Path

import pytest
from test_cli_app import gradual


def test_a_fleets_certificates_are_made_with_three_commands(tmp_path: Path) -> None:
    for words in (("init", "--host", "judge.example"), ("agent", "gradual-certs", "a1"), ("token", "other-token")):
        result = gradual("certs", *words, folder=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
    made = {path.name for path in (tmp_path / "gradual-certs").iterdir()}
    assert made == {"ca.pem", "ca-key.pem", "master.pem", "master-key.pem", "token", "a1.pem", "a1-key.pem"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("init", "--host", "10.0.0.300"), "gradual: --host '10.0.0.300' is not an IP address; give the name or"),
        (("init", "--days", "0"), "--days"),
        (("init", "nowhere/certs"), "gradual: cannot make nowhere/certs: nowhere is not there; make that folder"),
        (("agent", "nowhere", "a1"), "gradual: nowhere has no authority (ca.pem is not there): name the folder"),
        (("agent", "nowhere", "a/1"), "gradual: NAME 'a/1' has a slash: give a name, not a path"),
        (("master", "nowhere"), "gradual: nowhere has no authority"),
        (("token", "nowhere/token"), "gradual: cannot write into nowhere: No such file or directory; choose"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    result = gradual("certs", *words, folder=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
