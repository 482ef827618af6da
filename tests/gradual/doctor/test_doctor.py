"""`gradual doctor` on this host, as its users call it."""

import json
import subprocess
import sys

from gradual.doctor.checks.finding import Finding, IntendedLoad
from gradual.doctor.doctor import CHECKS
from gradual.doctor.printing import WIDTH, as_text

COMMAND = [sys.executable, "-c", "from gradual.cli import main; main()", "doctor"]


def doctor(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, check=False)


def test_this_host_is_examined() -> None:
    result = doctor("--json", "--users", "10")
    found = json.loads(result.stdout)
    states = [check["state"] for check in found["checks"]]
    assert len(states) == len(CHECKS)
    assert found["users"] == 10
    assert result.returncode == found["exit_code"] == (3 if "limit" in states else 0)
    assert result.stderr == ""


def test_more_users_than_a_host_has_ports_for_are_a_limit() -> None:
    result = doctor("-u", "1000000")
    assert result.returncode == 3
    assert "\nlimit    ports " in result.stdout
    assert result.stdout.endswith("Exit code 3.\n")
    assert "\x1b" not in result.stdout


def test_no_users_are_refused() -> None:
    assert doctor("--users", "0").returncode == 2


def test_findings_are_shown_the_worst_first_and_commands_unbroken() -> None:
    command = "sysctl -w " + "x" * WIDTH
    findings = [
        Finding("one", "warn", "seen 1", "why 1", "change 1"),
        Finding("two", "limit", "seen 2", "why 2", command),
        Finding("three", "ok", "seen 3"),
    ]
    text = as_text(findings, IntendedLoad(5, 1), 3)
    assert text.splitlines()[2:5] == ["warn     one    seen 1", "limit    two    seen 2", "ok       three  seen 3"]
    assert text.index("two: seen 2") < text.index("one: seen 1")
    assert f"  change {command}\n" in text
    assert "90-gradual.conf" in text
    assert text.endswith("1 finding would limit or falsify a run; 1 warning, 0 not known. Exit code 3.")
