"""The objects of a run in a cluster: made all or none, and removed with all that came from them.

The ConfigMap is made first and owns the others: whoever deletes it deletes the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import KINDS, Access, Cluster
from gradual.kubernetes.cluster.diagnosis import MASTER, Snapshot, is_over, pods_with_reports
from gradual.kubernetes.cluster.reports import release
from gradual.kubernetes.objects import INSTANCE, KubernetesObject

NEEDED: Final = (
    *(Access("create", "", resource) for resource in ("configmaps", "secrets", "services")),
    *(Access("list", "", resource) for resource in ("configmaps", "secrets", "services", "pods", "events")),
    *(Access("delete", "", resource) for resource in ("configmaps", "pods")),
    Access("get", "", "pods/log"),
    Access("get", "", "pods/exec"),
    Access("create", "", "pods/exec"),
    *(Access(verb, "batch", "jobs") for verb in ("create", "list")),
    *(Access(verb, "networking.k8s.io", "networkpolicies") for verb in ("create", "list")),
    *(Access(verb, "policy", "poddisruptionbudgets") for verb in ("create", "list")),
)
"""What a run does in its namespace; the Role of docs/kubernetes.md allows it."""

REMOVAL_S: Final = 120
POLL_S: Final = 0.5
QUICKLY_S: Final = 1
"""Between SIGTERM and SIGKILL, for pods of a run that is given up."""


def check_permissions(cluster: Cluster) -> None:
    """ClusterError with everything that this user may not do."""
    denied = cluster.denied(NEEDED)
    if denied:
        raise ClusterError(
            f"this user may not do what a run needs in the namespace {cluster.namespace}: "
            f"{', '.join(map(str, denied))}; the Role for it is in docs/kubernetes.md"
        )


def make_room(cluster: Cluster, name: str) -> None:
    """Remove what is left of an ended run of this name; ClusterError while one goes on."""
    if not cluster.of_run("ConfigMap", name):
        return
    job = Snapshot((), cluster.of_run("Job", name)).job_of(MASTER)
    if job is not None and not is_over(job):
        where = f"{name} --namespace {cluster.namespace}"
        raise ClusterError(
            f"a run called {name} goes on in the namespace {cluster.namespace}: watch it with "
            f"`gradual kubernetes logs {where} -f`, end it with `gradual kubernetes stop {where}`, or give another "
            f"--name"
        )
    remove(cluster, name)


def make_owned(
    cluster: Cluster, made: KubernetesObject, others: Sequence[KubernetesObject], check: Callable[[], None]
) -> None:
    """Make the others, owned by the first, which `made` is; `check` is called between them and may raise."""
    owner = {"apiVersion": "v1", "kind": made["kind"], "name": made["metadata"]["name"], "uid": made["metadata"]["uid"]}
    for entry in others:
        check()
        cluster.create({**entry, "metadata": {**entry["metadata"], "ownerReferences": [owner]}})


def remove(cluster: Cluster, name: str) -> None:
    """Delete a run, and wait until nothing of it is left; ClusterError with the command that does it."""
    try:
        for owner in cluster.of_run("ConfigMap", name):
            cluster.delete("ConfigMap", owner["metadata"]["name"])
        end = time.monotonic() + REMOVAL_S
        while left := _left(cluster, name):
            if time.monotonic() > end:
                raise ClusterError(f"after {REMOVAL_S} s there are still {', '.join(left)}")
            snapshot = Snapshot(cluster.of_run("Pod", name), ())
            for pod in snapshot.pods:
                cluster.delete("Pod", pod["metadata"]["name"], QUICKLY_S)
            for waiting in pods_with_reports(snapshot):
                # If it has just ended, there is nothing to release; if not, it ends by itself, only later.
                with suppress(ClusterError):
                    release(cluster, waiting)
            time.sleep(POLL_S)
    except ClusterError as error:
        raise ClusterError(
            f"the run {name} could not be removed: {error}. To do it:\n  {removal(cluster, name)}"
        ) from error


def removal(cluster: Cluster, name: str) -> str:
    """The command that removes everything of a run."""
    kinds = "configmap,secret,service,job,networkpolicy,pdb,pod"
    return f"kubectl --namespace {cluster.namespace} delete {kinds} --selector {INSTANCE}={name}"


def _left(cluster: Cluster, name: str) -> list[str]:
    kinds = [kind for kind in KINDS if kind != "Event"]
    return [f"{kind} {entry['metadata']['name']}" for kind in kinds for entry in cluster.of_run(kind, name)]
