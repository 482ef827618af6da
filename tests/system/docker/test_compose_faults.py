"""A fleet in the background: a killed agent, a killed, stopped and restarted master, and what nobody may see."""

from __future__ import annotations

import json
import re
from typing import Any

from compose_project import ComposeProject, command_with

LOSS = command_with("docker kill").splitlines()
"""Start, kill an agent, wait: the page's three lines."""

RESTART = command_with("docker compose kill master").splitlines()

RUNS = "| agents 3"
"""In the progress line of a run that has begun with all agents."""


def start(project: ComposeProject, **config: Any) -> None:
    """Start the page's plan with three agents, and wait until the run has begun."""
    project.write_plan(config=config)
    project.succeed(LOSS[0], **VARIABLES)
    project.wait_until_logged("master", RUNS)


VARIABLES = {"PLAN": "my.yaml", "OPTIONS": "--lease 3s --allow-missing 100% --allow-saturated", "AGENTS": "3"}


def test_a_killed_agent_changes_only_what_the_rules_of_the_fleet_say(project: ComposeProject) -> None:
    start(project, duration="10s")
    agents = project.containers("agent")
    lost = project.succeed(LOSS[1], **VARIABLES).strip()
    code = project.run(LOSS[2], **VARIABLES).code
    name = project.succeed(f"docker inspect --format '{{{{.Config.Hostname}}}}' {lost}").strip()
    summary, reached = project.summary(), project.bank_requests()
    assert {row["name"]: row["lost"] for row in summary["agents"]} == {
        identity[:12]: identity[:12] == name for identity in agents
    }
    assert summary["totals"]["failures"] == 0
    verdict, fleet = summary["verdict"], summary["fleet"]
    assert f"1 agent lost: {name}" in "\n".join(verdict["warnings"])
    # What the agent had in flight is in no report. The verdict knows it as of the last ping: since then each user began
    # at most one more, or had begun one that was not sent.
    assert fleet["merged"] == summary["totals"]["requests"] <= reached
    assert abs(reached - fleet["begun"]) <= 30
    unreported = fleet["begun"] - fleet["merged"]
    if unreported > fleet["begun"] * 0.01:  # The rule; a larger run would not notice so few.
        assert (code, verdict["status"]) == (3, "invalid")
        (reason,) = verdict["reasons"]
        assert f"at least {unreported} of {fleet['begun']} requests begun were never reported" in reason
    else:
        assert (code, verdict["status"]) == (0, "passed")


def test_a_master_that_is_killed_and_started_again_conducts_a_new_run_with_the_same_agents(
    project: ComposeProject,
) -> None:
    start(project, duration="4s")
    agents = set(project.containers("agent"))
    for command in RESTART[:2]:
        project.succeed(command, **VARIABLES)
    assert "status code 0" in project.succeed(RESTART[2], **VARIABLES)
    assert set(project.containers("agent")) == agents
    summary = project.summary()
    assert summary["verdict"]["status"] == "passed"
    assert {row["name"] for row in summary["agents"]} == {identity[:12] for identity in agents}
    assert summary["totals"]["requests"] <= project.bank_requests()


def test_a_fleet_is_hardened_ready_and_silent_about_its_secrets_and_drains_at_sigterm(project: ComposeProject) -> None:
    start(project, duration="5m", graceful_stop="10s")
    assert project.run(command_with("gradual health")).code == 0
    without = project.run("docker compose exec -T master gradual health --tls-ca /security/ca.pem")
    assert (without.code, "wants a certificate" in without.output) == (3, True)
    check_hardening(project)
    check_secrecy(project)
    project.succeed("docker compose stop master", **VARIABLES)
    (master,) = project.succeed("docker compose ps --all --quiet master").split()
    assert project.succeed(f"docker inspect --format '{{{{.State.ExitCode}}}}' {master}").strip() == "143"
    summary = project.summary()
    assert summary["verdict"]["status"] == "interrupted"
    assert summary["totals"]["requests"] == project.bank_requests() > 0


def check_hardening(project: ComposeProject) -> None:
    """Every container runs as 10001 on a root file system that it cannot write to, and without capabilities."""
    for service in ("bank", "agent", "master"):
        inside = f"docker compose exec -T {service} sh -c"
        assert project.succeed(f"{inside} 'id -u; id -g'").split() == ["10001", "10001"]
        assert "Read-only file system" in project.run(f"{inside} 'touch /opt/gradual/written'").output
        status = project.succeed(f"{inside} 'cat /proc/1/status'")
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    for identity in project.containers(""):
        (shown,) = json.loads(project.succeed(f"docker inspect {identity}"))
        assert shown["HostConfig"]["ReadonlyRootfs"]
    assert "Read-only" in project.run("docker compose exec -T master touch /plan/written").output
    assert "Read-only" in project.run("docker compose exec -T agent touch /security/written").output


def check_secrecy(project: ComposeProject) -> None:
    """Token and keys are in no setting, process list or log; each role has its own files only."""
    held = "docker compose exec -T {} sh -c 'cd /security && ls'"
    assert project.succeed(held.format("master")).split() == ["ca.pem", "master-key.pem", "master.pem", "token"]
    assert project.succeed(held.format("agent")).split() == ["agent-key.pem", "agent.pem", "ca.pem", "token"]
    files = {"master": ("token", "master-key.pem"), "agent": ("token", "agent-key.pem")}
    secrets = [
        line
        for service, names in files.items()
        for name in names
        for line in project.succeed(f"docker compose exec -T {service} cat /security/{name}").splitlines()
        if not line.startswith("-----")
    ]
    assert len(secrets) >= 4
    everything = ("docker inspect $(docker compose ps --quiet)", "docker compose logs", "docker compose top")
    shown = "".join(project.succeed(command, **VARIABLES) for command in (*everything, "docker compose config"))
    assert [secret for secret in secrets if secret in shown] == []
