"""How a run stands, from the objects of a cluster as the API server returns them."""

import pytest
from fake_cluster import RUNNING, ended, job, pod, waiting

from gradual.kubernetes.cluster.diagnosis import (
    AGENT,
    MASTER,
    LaunchProblem,
    MasterEnd,
    Snapshot,
    agents_have_ended,
    find_problem,
    is_over,
    master_end,
    master_is_ready,
    master_pod,
    started_agents,
)


def test_a_run_that_starts_has_no_problem_and_no_end() -> None:
    snapshot = Snapshot([pod("m", MASTER, waiting("ContainerCreating")), pod("a", AGENT)], [job(MASTER), job(AGENT)])
    assert find_problem(snapshot) is None
    assert master_end(snapshot) is None
    assert master_pod(snapshot) is None
    assert not master_is_ready(snapshot)
    assert started_agents(snapshot) == 0


def test_pods_that_run_or_have_run_have_started() -> None:
    pods = [
        pod("m", MASTER, RUNNING, ready=True),
        pod("a", AGENT, RUNNING, index=0),
        pod("b", AGENT, ended(137), index=1),
        pod("c", AGENT, RUNNING, index=1, made="2026-01-01T00:01:00Z"),
        pod("d", AGENT, waiting("ContainerCreating"), index=2),
    ]
    snapshot = Snapshot(pods, [job(MASTER), job(AGENT)])
    assert (master_pod(snapshot), master_is_ready(snapshot), started_agents(snapshot)) == ("m", True, 2)
    assert not agents_have_ended(snapshot)
    assert agents_have_ended(Snapshot([pod("a", AGENT, ended(0))], []))


@pytest.mark.parametrize("code", [0, 1, 2, 3, 130, 143])
def test_a_verdict_ends_the_run(code: int) -> None:
    assert master_end(Snapshot([pod("m", MASTER, ended(code))], [job(MASTER)])) == MasterEnd("m", code)


def test_a_master_that_was_killed_is_replaced_until_its_job_fails() -> None:
    killed = pod("m", MASTER, ended(137, "OOMKilled"))
    assert master_end(Snapshot([killed], [job(MASTER)])) is None
    assert master_end(Snapshot([killed], [job(MASTER, "Failed")])) == MasterEnd("m", 137)
    new = pod("n", MASTER, RUNNING, made="2026-01-01T00:01:00Z")
    assert master_end(Snapshot([killed, new], [job(MASTER)])) is None
    assert master_pod(Snapshot([killed, new], [job(MASTER)])) == "n"


def test_a_job_is_over_when_it_says_so_or_is_gone() -> None:
    assert [is_over(job(MASTER)), is_over(job(MASTER, "Complete")), is_over(None)] == [False, True, True]


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("ImagePullBackOff", "check its name"),
        ("ErrImageNeverPull", "--image-pull-policy"),
        ("InvalidImageName", "correct --image"),
        ("CreateContainerConfigError", "cannot be made"),
    ],
)
def test_a_container_that_cannot_start_is_final(reason: str, advice: str) -> None:
    finding = find_problem(Snapshot([pod("a-0", AGENT, waiting(reason, "back-off"))], [job(AGENT)]))
    assert finding is not None
    assert finding.is_final
    assert f"of the pod a-0 does not start: {reason}, image gradual:1 (back-off)" in finding.text
    assert advice in finding.text


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ('pods "a" is forbidden: exceeded quota: tight', "have the quota raised"),
        ('pods "a" is forbidden: violates PodSecurity "restricted"', "a policy of the namespace"),
        ("Internal error occurred", "Internal error occurred"),
    ],
)
def test_pods_that_are_refused_are_final(message: str, advice: str) -> None:
    event = {"involvedObject": {"uid": "uid-of-agent"}, "reason": "FailedCreate", "message": message}
    other = {"involvedObject": {"uid": "another"}, "reason": "FailedCreate", "message": "of another run"}
    finding = find_problem(Snapshot([], [job(AGENT)], [event, other]))
    assert finding is not None
    assert finding.is_final
    assert finding.text.startswith(f"the Job trial-agent cannot make its pods: {message}")
    assert advice in finding.text


def test_pods_without_room_may_wait_and_a_final_problem_comes_first() -> None:
    no_room = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: Insufficient cpu."}]
    pods = [pod("a-0", AGENT, conditions=no_room), pod("a-1", AGENT, conditions=no_room)]
    finding = find_problem(Snapshot(pods, [job(AGENT)]))
    assert finding is not None
    assert not finding.is_final
    assert "no node has room for the pod a-0, nor for 1 other pods: 0/1 nodes are available" in finding.text
    final = find_problem(Snapshot([*pods, pod("a-2", AGENT, waiting("InvalidImageName"))], [job(AGENT)]))
    assert final is not None
    assert final.is_final


def test_agents_that_end_early_are_named_and_final_when_their_job_gives_up() -> None:
    pods = [pod("a-0", AGENT, ended(3)), pod("a-1", AGENT, ended(0))]
    early = LaunchProblem("the agent a-0 ended with exit code 3", False, "a-0", AGENT)
    assert find_problem(Snapshot(pods, [job(AGENT)])) == early
    finding = find_problem(Snapshot([pod("a-0", AGENT, ended(137, "OOMKilled"))], [job(AGENT, "Failed")]))
    assert finding == LaunchProblem("the agent a-0 ended with exit code 137, OOMKilled", True, "a-0", AGENT)
