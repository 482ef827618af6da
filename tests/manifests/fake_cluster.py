"""A cluster of the tests: objects in a dict, pods that change as a script says."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import Access

Thing = dict[str, Any]


def pod(name: str, component: str, state: Thing | None = None, **more: Any) -> Thing:
    """A pod of the run `trial` whose container is in this state; `conditions`, `ready`, `index`, `made`."""
    status = {"name": component, "image": "gradual:1", "ready": more.get("ready", False), "state": state or {}}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "creationTimestamp": more.get("made", "2026-01-01T00:00:00Z"),
            "labels": {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": "trial"},
            "annotations": {"batch.kubernetes.io/job-completion-index": str(more.get("index", 0))},
        },
        "status": {
            "phase": more.get("phase", "Running"),
            "conditions": more.get("conditions", []),
            "containerStatuses": [status],
        },
    }


def job(component: str, *conditions: str) -> Thing:
    """A Job of the run `trial`, in which these conditions hold."""
    held = [{"type": condition, "status": "True"} for condition in conditions]
    labels = {"app.kubernetes.io/component": component, "app.kubernetes.io/instance": "trial"}
    metadata = {"name": f"trial-{component}", "uid": f"uid-of-{component}", "labels": labels}
    return {"kind": "Job", "metadata": metadata, "status": {"conditions": held}}


def waiting(reason: str, message: str = "") -> Thing:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error") -> Thing:
    return {"terminated": {"exitCode": code, "reason": reason}}


RUNNING: Thing = {"running": {"startedAt": "now"}}


class FakeCluster:
    """What `Cluster` does, without one."""

    namespace = "load"

    def __init__(self, script: Callable[["FakeCluster", int], None] = lambda cluster, step: None) -> None:
        self.objects: list[Thing] = []
        self.done: list[str] = []
        self.logs: dict[str, bytes] = {}
        self.outputs: dict[str, bytes | ClusterError] = {}
        self.refused: dict[str, ClusterError] = {}
        self.steps = 0
        self._script = script

    def create(self, entry: Thing) -> Thing:
        self._refuse(f"create {entry['kind']}")
        made = {**entry, "metadata": {**entry["metadata"], "uid": f"uid-{len(self.objects)}"}}
        self.objects.append(made)
        return made

    def of_run(self, kind: str, name: str) -> list[Thing]:
        self._refuse(f"list {kind}")
        return [entry for entry in self.objects if entry["kind"] == kind]

    def events(self) -> list[Thing]:
        self.steps += 1
        self._script(self, self.steps - 1)
        return []

    def delete(self, kind: str, name: str, grace_s: int | None = None) -> None:
        self._refuse(f"delete {kind}")
        self.done.append(f"delete {kind} {name}")
        self.objects = [] if kind == "ConfigMap" else self.objects

    def denied(self, wanted: Sequence[Access]) -> list[Access]:
        return [access for access in wanted if access.resource == "secrets" and "secrets" in self.refused]

    def log(self, name: str, container: str, *, follow: bool = False, tail: int | None = None) -> Iterator[bytes]:
        self._refuse("log")
        yield self.logs.get(name, b"")

    def execute(self, name: str, container: str, command: Sequence[str]) -> bytes:
        self.done.append(f"{command[0]} in {container}")
        output = self.outputs.get(command[0], b"")
        if isinstance(output, ClusterError):
            raise output
        return output

    def replace(self, *pods: Thing) -> None:
        """The pods from now on."""
        self.objects = [entry for entry in self.objects if entry["kind"] != "Pod"] + list(pods)

    def _refuse(self, what: str) -> None:
        if what in self.refused:
            raise self.refused[what]
