"""`deploy/kubernetes` on a real cluster: a namespace that enforces `restricted`, the demo bank, a master, two agents.

Only the cluster that GRADUAL_TEST_KUBECONFIG names is used, never the one of a developer's own configuration. Its nodes
have the images `gradual:latest` and `gradual-agent:latest`.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from docs_blocks import FENCED, ROOT
from fleet_processes import BIN
from kustomize_copy import copy_kustomize

DEADLINE_S = 180
README = ROOT / "deploy/kubernetes/README.md"

OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../demo]
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator:
  - {name: gradual-plan, behavior: replace, files: [plan.yaml]}
patches:
  - target: {kind: Job}
    patch: '- {op: add, path: /spec/template/spec/containers/0/resources/requests, value: {cpu: 20m, memory: 64Mi}}'
  - target: {kind: Pod}
    patch: '- {op: add, path: /spec/containers/0/resources/requests, value: {cpu: 20m, memory: 64Mi}}'
"""
"""Small requests: the node of the test is small, and shared."""


SMALL = "20m"
"""Of a CPU, for every container: the node of the test is small, and shared."""


class KustomizeProject:
    """A namespace of the cluster, and a copy of `deploy/kubernetes` whose overlay `trial` goes there."""

    def __init__(self, configuration: str, folder: Path) -> None:
        self.namespace = f"gradual-test-{uuid4().hex[:8]}"
        self.folder = folder
        self.trial = copy_kustomize(folder) / "trial"
        self.trial.mkdir()
        self.environment = {**os.environ, "KUBECONFIG": configuration, "PATH": f"{BIN}:{os.environ['PATH']}"}

    def kubectl(self, *arguments: str) -> str:
        """The output of kubectl, which must succeed."""
        done = self.try_kubectl(*arguments)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def try_kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """kubectl, which may fail."""
        command = ["kubectl", "--namespace", self.namespace, *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )

    def get(self, *arguments: str) -> dict[str, Any]:
        """What `kubectl get` gives, parsed."""
        parsed: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return parsed

    def create_namespace(self) -> None:
        """The namespace of `deploy/kubernetes`, with another name."""
        namespace = yaml.safe_load((ROOT / "deploy/kubernetes/namespace.yaml").read_text())
        namespace["metadata"]["name"] = self.namespace
        (self.folder / "namespace.yaml").write_text(yaml.safe_dump(namespace))
        self.kubectl("apply", "-f", str(self.folder / "namespace.yaml"))

    def apply(self, plan: str, patches: str = "") -> None:
        """Start a run: the overlay, with more patches."""
        (self.trial / "plan.yaml").write_text(plan)
        (self.trial / "kustomization.yaml").write_text(OVERLAY + patches)
        self.kubectl("apply", "-k", str(self.trial))

    def readme(self, number: int) -> str:
        """Run a `sh` block of the page, in this namespace and with the overlay `trial`; its output."""
        blocks = [text for language, text in FENCED.findall(README.read_text()) if language == "sh"]
        script = re.sub(r"-n gradual\b", f"-n {self.namespace}", blocks[number]).replace(
            "kubernetes/demo", "kubernetes/trial"
        )
        script = script.replace("deploy/kubernetes/namespace.yaml", str(self.folder / "namespace.yaml"))
        command = ["bash", "-euc", script]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == 0, script + done.stdout + done.stderr
        return done.stdout

    def pods(self, component: str) -> list[dict[str, Any]]:
        """The pods of a component, from the oldest."""
        found = self.get("pods", "--selector", f"app.kubernetes.io/component={component}")["items"]
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def evict(self, pod: str) -> subprocess.CompletedProcess[str]:
        """Ask for an eviction, as draining a node does."""
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        path = self.folder / "eviction.json"
        path.write_text(json.dumps(eviction))
        address = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction"
        return self.try_kubectl("create", "--raw", address, "-f", str(path))

    def bank_counts(self) -> dict[str, Any]:
        """What the bank has counted."""
        program = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/stats').read().decode())"
        counts: dict[str, Any] = json.loads(self.kubectl("exec", "gradual-bank", "--", "python3", "-c", program))
        return counts

    def conditions(self, job: str) -> dict[str, str]:
        """The conditions of a Job that hold, with their reasons."""
        conditions = self.get("job", job)["status"].get("conditions", [])
        return {found["type"]: found.get("reason", "") for found in conditions if found["status"] == "True"}

    def await_true(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something holds; what the namespace looks like is in the message else."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > deadline:
                state = self.kubectl("get", "pods,jobs,events") + self.try_kubectl("logs", "job/gradual-master").stdout
                pytest.fail(f"{what} did not happen within {DEADLINE_S} s\n{state}")
            time.sleep(0.5)


def small(text: str) -> str:
    """The objects with small requests."""
    objects = list(yaml.safe_load_all(text))
    for entry in objects:
        spec = entry["spec"]["template"]["spec"] if entry["kind"] == "Job" else entry.get("spec", {})
        for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
            container["resources"]["requests"] = {"cpu": SMALL, "memory": "64Mi"}
    return yaml.safe_dump_all(objects)


@contextmanager
def kustomize_project(folder: Path) -> Iterator[KustomizeProject]:
    """A namespace for the block; it is deleted with all that is in it."""
    configuration = os.environ.get("GRADUAL_TEST_KUBECONFIG")
    if not configuration:
        pytest.skip("GRADUAL_TEST_KUBECONFIG names no cluster for tests")
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    project = KustomizeProject(configuration, folder)
    project.create_namespace()
    try:
        yield project
    finally:
        project.kubectl("delete", "pods", "--all", "--grace-period=0", "--force", "--wait=false")
        project.kubectl("delete", "namespace", project.namespace, "--ignore-not-found", "--wait=false")
