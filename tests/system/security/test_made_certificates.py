"""What `gradual certs` makes works at once: certificates of both sides, on hosts whose clocks differ by a day."""

import subprocess
from pathlib import Path

from fleet_processes import BIN, Fleet, Target, wrong_clock

ALMOST_A_DAY_S = 86_400 - 600
"""The certificates begin a day before they are made; a test may take some minutes."""


def options(folder: Path, side: str) -> list[str]:
    own = ["--tls-cert", str(folder / f"{side}.pem"), "--tls-key", str(folder / f"{side}-key.pem")]
    return ["--tls-ca", str(folder / "ca.pem"), "--token-file", str(folder / "token"), *own]


def test_a_fleet_of_made_certificates_runs_a_day_apart(target: Target, fleet: Fleet, tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    for words in (["init", folder], ["agent", folder, "behind"], ["agent", folder, "ahead"]):
        subprocess.run([BIN / "gradual", "certs", *words], check=True, capture_output=True)
    plan = {
        "config": {"name": "made", "base_url": target.url, "duration": "60s"},
        "users": [{"name": "user", "concurrency": 10, "iterations": 20, "behavior": [{"action": "work"}]}],
        "actions": {"work": {"url": "/sleep/0.01"}},
    }
    master = fleet.start_master(plan, 2, *options(folder, "master"))
    too_far = {"env": wrong_clock(-2 * 86_400), "is_named": False}
    assert fleet.start_agent("too-far", "--master-wait", "1s", *options(folder, "behind"), **too_far).wait(60) == 2
    clocks = {"behind": -ALMOST_A_DAY_S, "ahead": ALMOST_A_DAY_S}
    agents = [fleet.start_agent(name, *options(folder, name), env=wrong_clock(by)) for name, by in clocks.items()]
    outcome = fleet.wait(master, agents)

    assert "is not valid before" in fleet.output("too-far")
    assert (outcome.code, outcome.agent_codes) == (0, [0, 0]), outcome.output[-4000:]
    assert len(target.records().requests) == outcome.arrived("work") == 10 * 20
