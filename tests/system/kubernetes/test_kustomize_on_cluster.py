"""`kubectl apply -k`: verdicts, exact counts, reports, and pods that end before the run does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kustomize_project import KustomizeProject, kustomize_project

pytestmark = pytest.mark.system

PLAN = """
config: {{name: "rates", base_url: "http://gradual-bank:8080", duration: "{duration}", graceful_stop: "5s", {more}}}
users:
  - {{name: "guest", concurrency: 6, stop_at: iteration, behavior: [{{action: "rates"}}, {{action: "rates"}}]}}
actions:
  rates: {{url: "/api/rates"}}
thresholds: ["p95(rates) < {bound}"]
"""
AT_ONCE = """
  - target: {kind: Job, name: gradual-master}
    patch: '- {op: replace, path: /spec/template/spec/initContainers/0/env/0/value, value: "0"}'
"""
"""Nobody fetches the reports."""

QUICK = "think_time: 0.2s"
SLOW = "think_time: 4s"
"""A master takes longer to end than the second of `kubectl delete --grace-period=1`: then comes SIGKILL."""

LONG = "/api/feed?events=10&every=2000"
"""A response of 20 s. An agent whose users wait for it takes longer than that second, too, so it ends by SIGKILL: one
that ends as asked has done its work, and is not replaced."""

TALKATIVE = """
  - target: {kind: Job, name: gradual-agents}
    patch: '- {op: add, path: /spec/template/spec/containers/0/args/-, value: "--verbose"}'
"""

IMPATIENT = """
  - target: {kind: Job, name: gradual-agents}
    patch: '- {op: replace, path: /spec/template/spec/containers/0/args/2, value: "--master-wait=5s"}'
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[KustomizeProject]:
    with kustomize_project(tmp_path) as made:
        yield made


def test_the_page_runs_and_its_counts_are_those_of_the_bank(project: KustomizeProject) -> None:
    project.apply(PLAN.format(duration="8s", bound="10s", more=QUICK))
    shown = project.readme(1)
    assert "PASSED" in shown
    assert "can be read by" not in shown, "the token's file is for the group only"
    assert shown.splitlines()[-1] == "0"
    summary = json.loads((project.folder / "summary.json").read_text())
    assert summary["totals"]["sent"] == project.bank_counts()["requests"] > 0
    assert (project.folder / "report.html").read_text().startswith("<!")
    project.await_true(lambda: "Complete" in project.conditions("gradual-master"), "the master's Job is complete")
    project.await_true(lambda: "Complete" in project.conditions("gradual-agents"), "the agents' Job is complete")
    reasons = {event["reason"] for event in project.get("events")["items"]}
    assert reasons & {"FailedCreate", "FailedScheduling", "Failed"} == set()
    project.readme(2)
    assert project.try_kubectl("get", "namespace", project.namespace).returncode != 0


def test_the_namespace_refuses_a_pod_that_is_not_restricted(project: KustomizeProject) -> None:
    refused = project.try_kubectl("run", "other", "--image=gradual:latest", "--dry-run=server")
    assert refused.returncode == 1
    assert "violates PodSecurity" in refused.stderr


def test_a_failed_objective_fails_the_job_and_there_is_no_second_pod(project: KustomizeProject) -> None:
    project.apply(PLAN.format(duration="5s", bound="1ms", more=QUICK), AT_ONCE)
    project.await_true(lambda: "Failed" in project.conditions("gradual-master"), "the master's Job has failed")
    assert project.conditions("gradual-master")["Failed"] == "PodFailurePolicy"
    (pod,) = project.pods("master")
    (master,) = pod["status"]["containerStatuses"]
    assert master["state"]["terminated"]["exitCode"] == 1
    project.await_true(lambda: "Complete" in project.conditions("gradual-agents"), "the agents end with the run")


def test_a_plan_that_is_wrong_fails_the_job_and_the_agents_do_not_start_for_ever(project: KustomizeProject) -> None:
    project.apply("users: 1\n", AT_ONCE + IMPATIENT)
    project.await_true(lambda: "Failed" in project.conditions("gradual-master"), "the master's Job has failed")
    (pod,) = project.pods("master")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 2
    project.await_true(lambda: "Failed" in project.conditions("gradual-agents"), "the agents' Job has failed")
    assert project.conditions("gradual-agents")["Failed"] == "FailedIndexes"
    assert len(project.pods("agent")) == 6, "three for each index"


def test_no_pod_is_evicted_during_a_run_and_a_killed_agent_is_replaced(project: KustomizeProject) -> None:
    plan = PLAN.format(duration="10m", bound="60s", more=QUICK).replace("/api/rates", LONG)
    project.apply(plan, TALKATIVE)
    first = await_load(project)
    victim = project.pods("agent")[0]["metadata"]["name"]
    before = welcomed(project)
    for pod in (first, victim):
        assert "would violate the pod's disruption budget" in project.evict(pod).stderr
    project.kubectl("delete", "pod", victim, "--grace-period=1")
    project.await_true(lambda: welcomed(project) - {victim} > before - {victim}, "another agent is welcomed")
    project.kubectl("exec", first, "-c", "master", "--", "sh", "-c", "kill -INT 1")
    project.readme(1)
    summary = json.loads((project.folder / "summary.json").read_text())
    assert first == project.pods("master")[0]["metadata"]["name"]
    assert len(summary["agents"]) == 3
    assert summary["totals"]["sent"] <= project.bank_counts()["requests"]


def test_a_master_that_is_killed_is_replaced_and_the_plan_runs_again(project: KustomizeProject) -> None:
    project.apply(PLAN.format(duration="10s", bound="10s", more=SLOW), AT_ONCE + IMPATIENT)
    first = await_load(project)
    project.kubectl("delete", "pod", first, "--grace-period=1")
    project.await_true(lambda: "Complete" in project.conditions("gradual-master"), "the master's Job is complete")
    (second,) = project.pods("master")
    assert second["metadata"]["name"] != first
    assert "PASSED" in project.kubectl("logs", second["metadata"]["name"], "-c", "master")


def await_load(project: KustomizeProject) -> str:
    """Wait until requests are sent; the name of the master's pod."""
    project.await_true(lambda: project.pods("master"), "the master's pod is there")
    name: str = project.pods("master")[0]["metadata"]["name"]
    project.await_true(lambda: " users 6/6 " in project.try_kubectl("logs", name, "-c", "master").stdout, "the load")
    return name


def welcomed(project: KustomizeProject) -> set[str]:
    """The agents' pods that the master has let in."""
    names = {pod["metadata"]["name"] for pod in project.pods("agent")}
    return {name for name in names if "welcomed" in project.try_kubectl("logs", name).stdout}
