"""The objects of `gradual/kubernetes/base` and `deploy/kubernetes` are valid, restricted, and agree with each other."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_blocks import ROOT
from fleet_processes import BIN
from kustomize_copy import copy_kustomize
from manifest_schemas import VERSIONS, mistakes

BASE = ROOT / "gradual/kubernetes/base"
FILES = sorted(path for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml")
OVERLAYS = ("base", "small", "medium", "large", "demo")
Manifest = dict[str, Any]


def read(name: str) -> Manifest:
    manifest: Manifest = yaml.safe_load((BASE / name).read_text())
    return manifest


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `deploy/kubernetes` with certificates."""
    return copy_kustomize(tmp_path_factory.mktemp("kustomize"))


def rendered(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k` would send."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    made = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    return list(yaml.safe_load_all(made.stdout))


def pods(manifests: list[Manifest]) -> Iterator[Manifest]:
    """The specifications of pods, of Jobs too."""
    for manifest in manifests:
        if manifest["kind"] in {"Job", "Pod"}:
            yield manifest["spec"].get("template", manifest)["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["containers"], *pod.get("initContainers", [])]


def labels_of(name: str) -> dict[str, str]:
    labels: dict[str, str] = read(name)["spec"]["template"]["metadata"]["labels"]
    return labels


def test_three_minor_versions_in_a_row_are_checked() -> None:
    minors = [int(version.split(".")[1]) for version in VERSIONS]
    assert minors == list(range(minors[0], minors[0] + 3))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_object_of_the_package_is_valid(path: Path, version: str) -> None:
    assert mistakes(yaml.safe_load(path.read_text()), version) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_kustomize_makes_is_valid(copy: Path, overlay: str, version: str) -> None:
    made = rendered(copy / overlay)
    assert [mistake for manifest in made for mistake in mistakes(manifest, version)] == []
    assert {"ConfigMap", "Secret", "Job", "Service"} <= {manifest["kind"] for manifest in made}


def test_the_namespace_is_valid_and_enforces_the_restricted_standard() -> None:
    namespace = yaml.safe_load((ROOT / "deploy/kubernetes/namespace.yaml").read_text())
    assert [mistakes(namespace, version) for version in VERSIONS] == [[], [], []]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("path", "value", "mistake"),
    [
        (("spec", "completions"), "two", "Job gradual-agents: spec.completions: 'two' is not of type 'integer'"),
        (("spec", "paralelism"), 2, "Job gradual-agents: spec: Additional properties are not allowed"),
        (("spec", "template"), None, "Job gradual-agents: spec.template: None is not of type 'object'"),
        (("kind",), "Jobb", "Jobb gradual-agents: there is no batch/v1/Jobb in the schemas"),
    ],
)
def test_a_wrong_object_is_not_valid(path: tuple[str, ...], value: object, mistake: str) -> None:
    manifest = json.loads(json.dumps(read("agents-job.yaml")))
    target = manifest
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    (found,) = mistakes(manifest, VERSIONS[-1])
    assert found.startswith(mistake)


def test_each_file_has_one_object_and_kustomize_reads_all() -> None:
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [path.name for path in FILES]
    assert all(len(list(yaml.safe_load_all(path.read_text()))) == 1 for path in FILES)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_master_expects_as_many_agents_as_there_are_pods(copy: Path, overlay: str) -> None:
    jobs = {made["metadata"]["name"]: made["spec"] for made in rendered(copy / overlay) if made["kind"] == "Job"}
    (master,) = jobs["gradual-master"]["template"]["spec"]["containers"]
    expected = {entry["name"]: entry["value"] for entry in master["env"]}["AGENTS"]
    assert {int(expected)} == {jobs["gradual-agents"]["completions"], jobs["gradual-agents"]["parallelism"]}
    assert "--expect-agents=$(AGENTS)" in master["args"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_keeps_the_restricted_standard_and_has_bounds(copy: Path, overlay: str) -> None:
    for pod in pods(rendered(copy / overlay)):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]) & set(container["resources"]["limits"])


def test_the_selectors_find_the_pods() -> None:
    master, agents = labels_of("master-job.yaml"), labels_of("agents-job.yaml")
    assert read("service.yaml")["spec"]["selector"] == master
    policy = read("network-policy-master.yaml")["spec"]
    assert policy["podSelector"]["matchLabels"] == master
    assert policy["ingress"][0]["from"] == [{"podSelector": {"matchLabels": agents}}]
    assert read("network-policy-agents.yaml")["spec"]["podSelector"]["matchLabels"] == agents
    assert read("disruption-budget-master.yaml")["spec"]["selector"]["matchLabels"] == master
    assert read("disruption-budget-agents.yaml")["spec"]["selector"]["matchLabels"] == agents
    (spread,) = read("agents-job.yaml")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == agents


def test_each_verdict_ends_the_job() -> None:
    job = read("master-job.yaml")["spec"]
    first, second = job["podFailurePolicy"]["rules"]
    assert first == {
        "action": "FailJob",
        "onExitCodes": {"containerName": "master", "operator": "In", "values": [1, 2, 3, 130, 143]},
    }
    assert second["action"] == "Ignore"
    assert (job["template"]["spec"]["restartPolicy"], job["podReplacementPolicy"]) == ("Never", "Failed")


def test_the_default_graceful_stop_fits_into_the_termination_grace() -> None:
    master, agents = (read(f"{name}-job.yaml")["spec"]["template"]["spec"] for name in ("master", "agents"))
    (reports,) = master["initContainers"]
    (kept,) = (int(entry["value"]) for entry in reports["env"] if entry["name"] == "KEEP_S")
    assert agents["terminationGracePeriodSeconds"] >= 2 * 30 + 15
    assert master["terminationGracePeriodSeconds"] >= 2 * 30 + 15 + kept


def test_a_pod_has_only_the_secrets_that_it_needs() -> None:
    keys = {
        name: {
            item["key"]
            for volume in read(name)["spec"]["template"]["spec"]["volumes"]
            for item in volume.get("secret", {}).get("items", [])
        }
        for name in ("master-job.yaml", "agents-job.yaml")
    }
    assert keys == {
        "master-job.yaml": {"token", "ca.pem", "master.pem", "master-key.pem"},
        "agents-job.yaml": {"token", "ca.pem", "agent.pem", "agent-key.pem"},
    }


@pytest.mark.parametrize("name", ["master-job.yaml", "agents-job.yaml"])
def test_the_commands_know_their_options(name: str) -> None:
    (container,) = read(name)["spec"]["template"]["spec"]["containers"]
    arguments = container["args"]
    command = [str(BIN / container["command"][0]), *(["run"] if arguments[0] == "run" else []), "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
    assert used - set(re.findall(r"--[\w-]+", shown)) == set()
