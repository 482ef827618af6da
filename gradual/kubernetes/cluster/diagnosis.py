"""How a run stands in a cluster, read from its pods, jobs and events; and what keeps it from starting.

Pure functions of plain objects, as the API server returns them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gradual.kubernetes.objects import KubernetesObject
from gradual_common.process.exit_codes import DONE, FAILED, INTERRUPTED, NOT_DONE, TERMINATED, WRONG_INPUT

VERDICTS: Final = frozenset({DONE, FAILED, WRONG_INPUT, NOT_DONE, INTERRUPTED, TERMINATED})
"""Exit codes of the master with which its Job ends; after any other one a new pod runs the plan again."""

MASTER, AGENT = "master", "agent"
"""Components of a run, and the names of their containers."""

SIDECAR: Final = "reports"
"""The container that keeps the reports when the master has ended; see `base/master-job.yaml`."""

_COMPONENT = "app.kubernetes.io/component"

_HOPELESS: Final = {
    "ErrImageNeverPull": "the node does not have the image and may not pull it: load it, or change --image-pull-policy",
    "ImagePullBackOff": "the node cannot pull the image: check its name, and whether the cluster may read the registry",
    "InvalidImageName": "this is not the name of an image: correct --image or --agent-image",
    "CreateContainerConfigError": "the container cannot be made as it is described",
    "CreateContainerError": "the container cannot be made as it is described",
    "RunContainerError": "the container cannot be started as it is described",
}
"""Reasons for which a container waits that do not end by themselves, and what to do."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What belongs to a run in a cluster, at one moment."""

    pods: Sequence[KubernetesObject]
    jobs: Sequence[KubernetesObject]
    events: Sequence[KubernetesObject] = field(default=(), repr=False)

    def pods_of(self, component: str) -> list[KubernetesObject]:
        """The pods of a component, the newest last."""
        found = [pod for pod in self.pods if pod["metadata"]["labels"].get(_COMPONENT) == component]
        return sorted(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))

    def job_of(self, component: str) -> KubernetesObject | None:
        """The Job of a component."""
        return next((job for job in self.jobs if job["metadata"]["labels"].get(_COMPONENT) == component), None)


@dataclass(frozen=True, slots=True)
class LaunchProblem:
    """Something that keeps a run from starting."""

    text: str
    is_final: bool = True
    """Whether it does not end by itself; else a run may wait for it."""

    pod: str | None = None
    """A pod whose log says more, and its component."""
    component: str = MASTER


@dataclass(frozen=True, slots=True)
class MasterEnd:
    """The end of the master's container."""

    pod: str
    code: int


def is_over(job: KubernetesObject | None) -> bool:
    """Whether a Job makes no more pods; one that is not there makes none."""
    return job is None or any(_is_true(job, name) for name in ("Complete", "Failed"))


def master_pod(snapshot: Snapshot) -> str | None:
    """The newest pod of the master whose container runs or has run."""
    started = [pod for pod in snapshot.pods_of(MASTER) if _state(pod, MASTER)[0] != "waiting"]
    return started[-1]["metadata"]["name"] if started else None


def master_is_ready(snapshot: Snapshot) -> bool:
    """Whether the master takes agents."""
    pods = snapshot.pods_of(MASTER)
    return bool(pods) and bool(_status(pods[-1], MASTER).get("ready"))


def master_end(snapshot: Snapshot) -> MasterEnd | None:
    """How the run ended; None while it goes on, or while a new pod will run the plan again."""
    job = snapshot.job_of(MASTER)
    for pod in reversed(snapshot.pods_of(MASTER)):
        state, details = _state(pod, MASTER)
        if state == "terminated" and (details["exitCode"] in VERDICTS or is_over(job)):
            return MasterEnd(pod["metadata"]["name"], details["exitCode"])
    return None


def pods_with_reports(snapshot: Snapshot) -> list[str]:
    """The pods of masters that wait, or will wait, for somebody who fetches the reports.

    Whether the master has ended is not asked: a pod that is being deleted does not say so before all of it has ended.
    """
    pods = snapshot.pods_of(MASTER)
    return [pod["metadata"]["name"] for pod in pods if _state(pod, SIDECAR)[0] == "running"]


def started_agents(snapshot: Snapshot) -> int:
    """How many agents' pods run or have run."""
    indices = {
        pod["metadata"].get("annotations", {}).get("batch.kubernetes.io/job-completion-index")
        for pod in snapshot.pods_of(AGENT)
        if _state(pod, AGENT)[0] != "waiting"
    }
    return len(indices)


def agents_have_ended(snapshot: Snapshot) -> bool:
    """Whether no agent's pod runs."""
    return all(_state(pod, AGENT)[0] == "terminated" for pod in snapshot.pods_of(AGENT))


def find_problem(snapshot: Snapshot) -> LaunchProblem | None:
    """What keeps the run from starting; one that does not end by itself comes first."""
    found = [*_refused_pods(snapshot), *_waiting_containers(snapshot), *_failed_agents(snapshot)]
    found += _unscheduled_pods(snapshot)
    return next((finding for finding in found if finding.is_final), found[0] if found else None)


def _refused_pods(snapshot: Snapshot) -> Iterator[LaunchProblem]:
    """Pods that the API server did not let a Job make."""
    for job in snapshot.jobs:
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        said = [
            event["message"]
            for event in snapshot.events
            if event["involvedObject"].get("uid") == uid and event.get("reason") == "FailedCreate"
        ]
        if said:
            yield LaunchProblem(f"the Job {name} cannot make its pods: {said[-1].strip()}{_advice(said[-1])}")


def _advice(message: str) -> str:
    if "exceeded quota" in message:
        return "; ask for fewer agents or less (--cpu, --memory), or have the quota raised"
    if "violates PodSecurity" in message:
        return "; a policy of the namespace changes or refuses these pods"
    return ""


def _waiting_containers(snapshot: Snapshot) -> Iterator[LaunchProblem]:
    for pod in snapshot.pods:
        for status in _statuses(pod):
            waiting = status.get("state", {}).get("waiting") or {}
            reason = waiting.get("reason", "")
            if reason in _HOPELESS:
                said = f" ({waiting['message'].strip()})" if waiting.get("message") else ""
                where = f"the container {status['name']} of the pod {pod['metadata']['name']}"
                yield LaunchProblem(
                    f"{where} does not start: {reason}, image {status['image']}{said}; {_HOPELESS[reason]}"
                )


def _failed_agents(snapshot: Snapshot) -> Iterator[LaunchProblem]:
    """Agents that ended before the run began."""
    job = snapshot.job_of(AGENT)
    for pod in snapshot.pods_of(AGENT):
        state, details = _state(pod, AGENT)
        if state == "terminated" and details["exitCode"] != DONE:
            name = pod["metadata"]["name"]
            reason = f", {details['reason']}" if details.get("reason") not in (None, "Error") else ""
            text = f"the agent {name} ended with exit code {details['exitCode']}{reason}"
            yield LaunchProblem(text, job is not None and _is_true(job, "Failed"), name, AGENT)


def _unscheduled_pods(snapshot: Snapshot) -> Iterator[LaunchProblem]:
    waiting = [
        (pod["metadata"]["name"], condition.get("message", ""))
        for pod in snapshot.pods
        for condition in pod.get("status", {}).get("conditions") or []
        if condition["type"] == "PodScheduled" and condition["status"] == "False"
    ]
    if waiting:
        name, message = waiting[0]
        more = f", nor for {len(waiting) - 1} other pods" if len(waiting) > 1 else ""
        advice = "ask for fewer agents or less (--cpu, --memory), or add nodes"
        yield LaunchProblem(f"no node has room for the pod {name}{more}: {message}; {advice}", is_final=False)


def _statuses(pod: KubernetesObject) -> list[dict[str, Any]]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _status(pod: KubernetesObject, container: str) -> dict[str, Any]:
    return next((status for status in _statuses(pod) if status["name"] == container), {})


def _state(pod: KubernetesObject, container: str) -> tuple[str, dict[str, Any]]:
    """`waiting`, `running` or `terminated`, with its details."""
    state = _status(pod, container).get("state") or {}
    return next(((name, state[name]) for name in ("terminated", "running") if state.get(name)), ("waiting", {}))


def _is_true(job: KubernetesObject, condition: str) -> bool:
    conditions = job.get("status", {}).get("conditions") or []
    return any(entry["type"] == condition and entry["status"] == "True" for entry in conditions)
