"""Certificates, keys and tokens that cannot be used: both commands say what, where and what to do, before any load."""

import subprocess
from pathlib import Path

import pytest
from fleet_processes import BIN, free_port
from strangers import DAY, TOKEN, Authority

PLAN = '{"config": {"base_url": "http://127.0.0.1:9", "duration": "1s"}, "users": [{"name": "u", "concurrency": 1, \
"behavior": ["a"]}], "actions": {"a": {"url": "/"}}}'
CERT, KEY, CA, TOKEN_FILE = "--tls-cert", "--tls-key", "--tls-ca", "--token-file"
WRONG = {
    "a certificate that is not there": (
        [CERT, "nowhere.pem", KEY, "own-key.pem"],
        "--tls-cert nowhere.pem: it cannot be read: No such file",
    ),
    "a certificate that is a folder": ([CERT, ".", KEY, "own-key.pem"], "--tls-cert .: it cannot be read: Is a"),
    "an authority that is no certificate": ([CA, "token"], "--tls-ca token: it holds no"),
    "an expired certificate": ([CERT, "expired.pem", KEY, "expired-key.pem"], "expired on"),
    "a certificate of the future": ([CERT, "future.pem", KEY, "future-key.pem"], "is this machine's clock right"),
    "a key of another certificate": ([CERT, "own.pem", KEY, "expired-key.pem"], "they do not belong together"),
    "a certificate without its key": ([CERT, "own.pem"], "own.pem: its key is absent; add --tls-key FILE"),
    "a key without its certificate": ([KEY, "own-key.pem"], "its certificate is absent; add --tls-cert FILE"),
    "a token that is not there": ([TOKEN_FILE, "nowhere"], "--token-file nowhere cannot be read: No such file"),
    "an empty token": ([TOKEN_FILE, "empty"], "--token-file empty is empty; make one with: gradual certs token FILE"),
    "a short token": ([TOKEN_FILE, "short"], "--token-file short holds 5 characters; a token has 16 to 1024"),
    "a token without TLS": ([TOKEN_FILE, "token"], "the token would pass the network in plaintext; add"),
    "nothing": ([], "neither encrypted nor authenticated; add"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to choose from."""
    folder = tmp_path_factory.mktemp("files")
    authority = Authority(folder)
    authority.options("own")
    for name, start, end in (("expired", -9 * DAY, -DAY), ("future", DAY, 9 * DAY)):
        identity = authority.issue(start, end)
        (folder / f"{name}.pem").write_bytes(identity.cert or b"")
        (folder / f"{name}-key.pem").write_bytes(identity.key or b"")
    (folder / "empty").write_text("\n")
    (folder / "short").write_text("short")
    (folder / "plan.yaml").write_text(PLAN)
    return folder


def command(side: str, address: str, *options: str) -> list[str]:
    if side == "master":
        wait = ["--expect-agents", "1", "--agents-wait", "1ms"]
        return [str(BIN / "gradual-master"), "run", "plan.yaml", "--listen", address, *wait, *options]
    return [str(BIN / "gradual-agent"), "--master", address, "--master-wait", "1ms", *options]


def run(side: str, folder: Path, address: str, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        command(side, address, *options), cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("side", ["master", "agent"])
@pytest.mark.parametrize("what", WRONG)
def test_it_is_refused_before_any_load(what: str, side: str, folder: Path) -> None:
    options, message = WRONG[what]
    code, output = run(side, folder, "10.99.99.99:7700", *options)
    assert (code, output.count("\n")) == (2, 1), output
    assert output.startswith(f"gradual-{side}: ")
    assert message in output
    assert TOKEN not in output


@pytest.mark.parametrize("side", ["master", "agent"])
def test_a_token_that_everybody_can_read_is_warned_of(side: str, folder: Path) -> None:
    open_to_all = folder / "open"
    open_to_all.write_text(TOKEN)
    open_to_all.chmod(0o644)
    code, output = run(side, folder, f"127.0.0.1:{free_port()}", "--token-file", "open")
    assert code == 3, output
    assert "warning: open can be read by every user of this machine: chmod 600 open\n" in output
    assert TOKEN not in output
