"""`gradual fleet run` over a real sshd: counts are the target's, and no agent is left, however the run ends."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from docs_blocks import BLOCKS
from fleet_processes import BIN, Target, wait_until
from ssh_hosts import SshHosts, ssh_hosts

HOSTS = ("a", "b", "c")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[tuple[SshHosts, Target]]:
    with ssh_hosts(tmp_path, HOSTS) as made:
        yield made


def plan_of(target: Target, iterations: int | None = None, duration: str = "60s") -> dict[str, Any]:
    group: dict[str, Any] = {"name": "user", "concurrency": 30, "behavior": [{"action": "work"}]}
    return {
        "config": {"name": "ssh", "base_url": target.url, "duration": duration, "graceful_stop": "2s"},
        "users": [group if iterations is None else {**group, "iterations": iterations}],
        "actions": {"work": {"url": "/sleep/0.05"}},
    }


def arrived(summary: dict[str, Any]) -> int:
    """The requests of the report that the target must have counted."""
    return sum(row["requests"] - row.get("unsent", 0) + row["interrupted"] for row in summary["actions"])


def test_three_hosts_run_a_plan(network: tuple[SshHosts, Target]) -> None:
    hosts, target = network
    hosts.serve(*HOSTS)
    run = hosts.start(plan_of(target, iterations=20), HOSTS, "--processes", "2")
    assert hosts.wait(run) == 0, hosts.output()
    hosts.await_no_agents()
    peers = {entry[5].rpartition(":")[0] for entry in target.records().requests}
    assert peers == {hosts.network[name].address for name in HOSTS}
    assert target.count() == arrived(hosts.summary) == hosts.summary["fleet"]["merged"] == 30 * 20
    assert sorted(row["name"] for row in hosts.summary["agents"]) == ["a-1", "a-2", "b-1", "b-2", "c-1", "c-2"]


def test_an_interrupt_ends_all_agents(network: tuple[SshHosts, Target]) -> None:
    hosts, target = network
    hosts.serve(*HOSTS)
    run = hosts.start(plan_of(target), HOSTS)
    wait_until(lambda: target.count() > 200, "the load")
    run.send_signal(signal.SIGINT)
    assert hosts.wait(run) == 130, hosts.output()
    hosts.await_no_agents()
    assert target.count() == arrived(hosts.summary) == hosts.summary["fleet"]["merged"]


def test_a_host_whose_connection_breaks_leaves_and_the_others_go_on(network: tuple[SshHosts, Target]) -> None:
    hosts, target = network
    hosts.serve(*HOSTS)
    run = hosts.start(plan_of(target), HOSTS)
    wait_until(lambda: target.count() > 200, "the load")
    for process in hosts.processes("sshd: root", "c") + hosts.processes("sshd-session: root", "c"):
        process.kill()
    hosts.await_no_agents("c")
    wait_until(lambda: "c: the SSH connection" in hosts.output(), "the loss is reported")
    enough = target.count() + 500
    wait_until(lambda: target.count() > enough, "the load of the others")
    run.send_signal(signal.SIGINT)
    assert hosts.wait(run) == 130, hosts.output()
    assert "the run goes on without its agents" in hosts.output()
    hosts.await_no_agents()
    # The agent on c drained: it delivered what it measured.
    assert target.count() == arrived(hosts.summary) == hosts.summary["fleet"]["merged"]


def test_a_host_without_network_stops_its_load_at_the_end_of_its_lease(network: tuple[SshHosts, Target]) -> None:
    hosts, target = network
    hosts.serve(*HOSTS)
    run = hosts.start(plan_of(target), HOSTS, "--lease", "3s")
    wait_until(lambda: target.count() > 200, "the load")
    hosts.network["c"].unplug()
    wait_until(lambda: "agent c is lost" in hosts.output(), "the loss of c")
    enough = target.count() + 500
    wait_until(lambda: target.count() > enough, "the load of the others")
    run.send_signal(signal.SIGINT)
    assert hosts.wait(run) == 130, hosts.output()
    lost = [row["name"] for row in hosts.summary["agents"] if row["lost"]]
    assert lost == ["c"]
    for name in ("a", "b", "caller"):
        hosts.await_no_agents(name)
    hosts.await_no_agents("c")


def test_no_agent_outlives_a_killed_master(network: tuple[SshHosts, Target]) -> None:
    hosts, target = network
    hosts.serve(*HOSTS)
    run = hosts.start(plan_of(target), HOSTS, "--lease", "3s", "--processes", "2")
    wait_until(lambda: target.count() > 200, "the load")
    assert hosts.processes("gradual_agent", "b")
    (master,) = hosts.processes("gradual fleet run")
    master.kill()
    hosts.wait(run)
    hosts.await_no_agents()


SPY = '#!/bin/sh\ncase "$*" in *" -G "*) exec ssh "$@" ;; esac\ntee {folder}/line.$$ | ssh "$@"\n'
"""An `ssh` that keeps what it is given on standard input, so that the test knows the secrets."""


def test_token_and_keys_are_in_no_argument_list_environment_or_log(
    network: tuple[SshHosts, Target], tmp_path: Path
) -> None:
    hosts, target = network
    hosts.serve(*HOSTS)
    spy = tmp_path / "spy"
    spy.write_text(SPY.format(folder=tmp_path))
    spy.chmod(0o755)
    run = hosts.start(plan_of(target), HOSTS, "-v", "--ssh", f"{spy} -F {hosts.config}")
    wait_until(lambda: target.count() > 200, "the load")
    given = [json.loads(path.read_text()) for path in tmp_path.glob("line.*")]
    shown = [content for process in Path("/proc").glob("[0-9]*") for content in texts_of(process)]
    run.send_signal(signal.SIGINT)
    assert hosts.wait(run) == 130, hosts.output()
    hosts.await_no_agents()

    assert len({line["token"] for line in given}) == 1
    assert len({line["key"] for line in given}) == len({line["cert"] for line in given}) == len(HOSTS)
    assert any(b"--security-on-stdin" in content for content in shown)
    secrets = [word.encode() for line in given for word in (line["token"], *line["key"].splitlines()[1:-1])]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("line.")]
    assert [secret for secret in secrets if any(secret in content for content in (*shown, *kept))] == []


def texts_of(process: Path) -> Iterator[bytes]:
    """The argument list and the environment of a process."""
    for name in ("cmdline", "environ"):
        with suppress(OSError):
            yield (process / name).read_bytes()


def test_the_worked_example_runs_as_printed(tmp_path: Path) -> None:
    blocks = [block for block in BLOCKS if block.page.name == "bare_hosts.md"]
    plan = next(block.text for block in blocks if block.language == "yaml")
    command = next(block.text for block in blocks if block.language == "sh")
    with ssh_hosts(tmp_path, ("load1", "load2", "load3")) as (hosts, target):
        hosts.serve("load1", "load2", "load3")
        (tmp_path / "plan.yaml").write_text(plan.replace("http://127.0.0.1:8080", target.url).replace("30s", "3s"))
        # On the path of the caller, whose configuration of `ssh` is the test's.
        for name, program in {"ssh": f"{shutil.which('ssh')} -F {hosts.config}", "gradual": f"{BIN}/gradual"}.items():
            (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {program} "$@"\n')
            (tmp_path / "bin" / name).chmod(0o755)
        words = [*hosts.network["caller"].prefix, "bash", "-ec", command]
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=90
        )
        # A noisy machine may be saturated: an invalid run has its counts, too.
        assert done.returncode in (0, 3), done.stderr
        assert "listening on 0.0.0.0:7700, starting agents on load1, load2, load3" in done.stderr
        assert f"{target.count()} requests" in done.stdout
        assert (tmp_path / "report.html").exists()
        hosts.await_no_agents()
