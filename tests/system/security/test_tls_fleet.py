"""A fleet with TLS, certificates of both sides and a join token: the run is exact, and nobody joins unasked."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trustme
from fleet_processes import BIN, Fleet, Target, wait_until

TOKEN = "kT5_9dQ2-mB7xW1z-of-the-fleet"
SECRET = "s3cr3t-of-the-plan-7Q"


def plan(target: Target, iterations: int) -> dict[str, Any]:
    return {
        "config": {"name": "tls", "base_url": target.url, "duration": "60s", "headers": {"X-Key": "{{secrets.KEY}}"}},
        "secrets": {"KEY": {"env": "PLAN_KEY"}},
        "users": [
            {"name": "user", "concurrency": 20, "iterations": iterations, "behavior": [{"action": "work"}]},
        ],
        "actions": {"work": {"url": "/sleep/0.01"}},
    }


def write_files(folder: Path) -> dict[str, list[str]]:
    """The options of each side."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    shared = ["--tls-ca", str(folder / "ca.pem"), "--token-file", str(folder / "token")]
    options = {}
    for side in ("master", "agent"):
        leaf = authority.issue_cert("127.0.0.1")
        leaf.cert_chain_pems[0].write_to_path(str(folder / f"{side}.pem"))
        leaf.private_key_pem.write_to_path(str(folder / f"{side}-key.pem"))
        own = ["--tls-cert", str(folder / f"{side}.pem"), "--tls-key", str(folder / f"{side}-key.pem")]
        options[side] = [*shared, *own]
    return options


def test_a_run_with_secrets_is_exact_and_strangers_stay_outside(
    target: Target, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAN_KEY", SECRET)
    options = write_files(tmp_path)
    master = fleet.start_master(plan(target, iterations=50), 1, *options["master"])
    wait_until(lambda: is_ready(fleet, options["agent"]), "the master is ready")
    without_token = options["agent"][:2] + options["agent"][4:]
    strangers = {
        "no-token": without_token,
        "wrong-token": [*without_token, "--token-file", str(tmp_path / "wrong")],
        "plaintext": ["--token-file", str(tmp_path / "token")],
        "no-certificate": options["agent"][:4],
    }
    (tmp_path / "wrong").write_text("another-token-of-another-fleet")
    (tmp_path / "wrong").chmod(0o600)
    refused = {name: fleet.start_agent(name, "--master-wait", "1s", *given) for name, given in strangers.items()}
    assert {name: agent.wait(60) for name, agent in refused.items()} == dict.fromkeys(strangers, 3)
    # Two processes: the children get token and certificates from their parent.
    outcome = fleet.wait(master, [fleet.start_agent("agent", "--processes", "2", *options["agent"])])

    assert outcome.code == 0, outcome.output[-4000:]
    assert outcome.agent_codes == [0]
    assert len(target.records().requests) == outcome.arrived("work") == 20 * 50
    assert outcome.summary is not None
    assert {row["name"] for row in outcome.summary["agents"]} == {"agent-1", "agent-2"}
    for name in ("no-token", "wrong-token"):
        assert "the master refused this agent: unauthenticated: wrong join token" in fleet.output(name)
    assert "the master speaks TLS: add --tls-ca FILE" in fleet.output("plaintext")
    assert "the master wants a certificate of this agent" in fleet.output("no-certificate")
    assert "without the right join token" in fleet.output("master")
    written = outcome.output + json.dumps(outcome.summary)
    assert TOKEN not in written
    assert SECRET not in written


def is_ready(fleet: Fleet, options: list[str]) -> bool:
    """As a container asks: with a certificate, without a token."""
    certificates = [*options[:2], *options[4:]]
    command = [str(BIN / "gradual"), "health", "--master", f"127.0.0.1:{fleet.port}", *certificates]
    return subprocess.run(command, capture_output=True, check=False, env=dict(os.environ)).returncode == 0
