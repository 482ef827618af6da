"""What can be checked before a run stops every command alike: exit code 2, the same lines, no request sent."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as forms

HOUSE = Path(__file__).parents[3]
PLAN = """\
config: {duration: 1s, base_url: "http://127.0.0.1:0"}
users: [{name: u, concurrency: 1, behavior: [a, b, c]}]
actions:
  a: {url: "http://[::1/"}
  b:
    url: "/{{ vu.slot | nofilter }}"
    headers: {"X A": "1"}
  c:
    url: "http://a b/{{ vu.slot }}"
    tls: {cert: client.pem, key: client.key}
"""
LINES = {1: "config.base_url", 4: "actions.a.url", 6: "actions.b.url", 7: "actions.b.headers", 9: "actions.c.url"}
KEY_LINE = (10, "actions.c.tls.key: client.key: the key is encrypted")

COMMANDS = {
    "validate": ("gradual.cli", "validate", "plan.yaml"),
    "plan": ("gradual.cli", "plan", "plan.yaml"),
    "try": ("gradual.cli", "try", "plan.yaml"),
    "run": ("gradual.cli", "run", "plan.yaml", "--agents", "1", "-q"),
    "gradual-master run": (
        "gradual_master.command",
        "run",
        "plan.yaml",
        "-q",
        "--listen",
        "127.0.0.1:0",
        "--expect-agents",
        "1",
    ),
}


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    issued = trustme.CA().issue_cert("agent@example.org")
    key = forms.load_pem_private_key(issued.private_key_pem.bytes(), None)
    locked = forms.BestAvailableEncryption(b"hunter2")
    (tmp_path / "client.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (tmp_path / "client.key").write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, locked))
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_what_can_never_be_sent(command: str, folder: Path) -> None:
    module, *words = COMMANDS[command]
    program = f"import sys; sys.path.insert(0, {str(HOUSE)!r}); from {module} import main; main()"
    ours, theirs = pty.openpty()  # A terminal: OpenSSL would ask there for the passphrase, and wait.
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=folder,
            check=False,
            start_new_session=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    for line, place in (*LINES.items(), KEY_LINE):
        assert f"plan.yaml:{line}: {place}" in output
    assert "the plan has 6 mistakes; nothing was started" in output
    assert "bug in Gradual" not in output
    assert [path.name for path in sorted(folder.iterdir())] == ["client.key", "client.pem", "plan.yaml"]
