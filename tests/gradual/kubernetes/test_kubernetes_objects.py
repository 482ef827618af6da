"""The objects of a run: called after it, with its numbers, images and contents; nothing of `base` is left as it was."""

import base64
from dataclasses import replace
from typing import Any

import pytest
import yaml

from gradual.errors import ClusterInputError
from gradual.kubernetes.bundle import MAX_BYTES, Bundle
from gradual.kubernetes.objects import PLACEHOLDER, RunShape, name_of_run, objects_of, render

SHAPE = RunShape(name="bank", agents=3, grace_s=75)
BUNDLE = Bundle(
    {"plan.yaml": b"config: {}", "rows.csv": b"\xff"}, {"tls-a.pem": b"pem"}, {"KEY": "secret"}, {}, ["--set=a=b"]
)
FLEET = {"token": b"t", "ca.pem": b"c"}


def found(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (entry,) = [entry for entry in objects if (entry["kind"], entry["metadata"]["name"]) == (kind, name)]
    return entry


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


def test_every_object_has_the_runs_name_and_label() -> None:
    objects = objects_of(replace(SHAPE, namespace="load"), BUNDLE, FLEET)
    for entry in objects:
        meta = entry["metadata"]
        assert meta["name"].startswith("bank-")
        assert meta["namespace"] == "load"
        assert meta["labels"]["app.kubernetes.io/instance"] == "bank"
    assert "instance: gradual" not in render(objects)


def test_without_a_namespace_no_object_names_one() -> None:
    assert "namespace" not in render(objects_of(SHAPE, BUNDLE, FLEET))


def test_selectors_choose_the_pods_of_this_run() -> None:
    objects = objects_of(SHAPE, BUNDLE, FLEET)
    labels = found(objects, "Job", "bank-master")["spec"]["template"]["metadata"]["labels"]
    assert found(objects, "Service", "bank-master")["spec"]["selector"] == labels


def test_the_agents_are_as_many_as_the_master_waits_for_and_find_it() -> None:
    objects = objects_of(SHAPE, BUNDLE, FLEET)
    agents, master = found(objects, "Job", "bank-agents"), found(objects, "Job", "bank-master")
    assert (agents["spec"]["completions"], agents["spec"]["parallelism"]) == (3, 3)
    (agent,) = pod_of(agents)["containers"]
    assert "--master=bank-master:7700" in agent["args"]
    assert agent["command"] == ["gradual-agent"]
    assert pod_of(master)["containers"][0]["env"][0] == {"name": "AGENTS", "value": "3"}
    assert pod_of(master)["containers"][0]["command"] == ["gradual-master"]


def test_included_files_are_mounted_in_their_folders() -> None:
    bundle = replace(BUNDLE, paths={"rows.csv": "shared/rows.csv"})
    pod = pod_of(found(objects_of(SHAPE, bundle, FLEET), "Job", "bank-master"))
    (plan,) = [volume["configMap"] for volume in pod["volumes"] if volume["name"] == "plan"]
    assert plan["items"] == [
        {"key": "plan.yaml", "path": "plan.yaml"},
        {"key": "rows.csv", "path": "shared/rows.csv"},
    ]


def test_the_pods_mount_the_runs_own_plan_and_secret() -> None:
    pod = pod_of(found(objects_of(SHAPE, BUNDLE, FLEET), "Job", "bank-master"))
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["plan"]["configMap"] == {"name": "bank-plan"}
    assert volumes["fleet"]["secret"]["secretName"] == "bank-fleet"
    assert {"key": "tls-a.pem", "path": "tls-a.pem"} in volumes["fleet"]["secret"]["items"]


def test_variables_reach_the_master_through_the_secret() -> None:
    objects = objects_of(SHAPE, BUNDLE, FLEET)
    (master,) = pod_of(found(objects, "Job", "bank-master"))["containers"]
    reference = {"secretKeyRef": {"name": "bank-fleet", "key": "env.KEY"}}
    assert {"name": "KEY", "valueFrom": reference} in master["env"]
    assert master["args"][-1] == "--set=a=b"
    data = found(objects, "Secret", "bank-fleet")["data"]
    assert base64.b64decode(data["env.KEY"]) == b"secret"
    assert base64.b64decode(data["tls-a.pem"]) == b"pem"


def test_files_that_are_no_text_are_binary() -> None:
    entry = found(objects_of(SHAPE, BUNDLE, FLEET), "ConfigMap", "bank-plan")
    assert entry["data"] == {"plan.yaml": "config: {}"}
    assert entry["binaryData"] == {"rows.csv": base64.b64encode(b"\xff").decode()}


def test_without_secrets_all_values_are_placeholders() -> None:
    objects = objects_of(SHAPE, replace(BUNDLE, files={"plan.yaml": b""}), None)
    entry = found(objects, "Secret", "bank-fleet")
    assert set(entry["stringData"].values()) == {PLACEHOLDER}
    assert {"token", "ca.pem", "agent-key.pem", "env.KEY", "tls-a.pem"} <= set(entry["stringData"])


def test_too_much_for_the_secret_is_refused() -> None:
    with pytest.raises(ClusterInputError, match=r"variables, secrets and TLS files have .* the Secret"):
        objects_of(SHAPE, replace(BUNDLE, variables={"KEY": "x" * MAX_BYTES}), FLEET)


def test_images_and_sizes_are_those_that_are_asked_for() -> None:
    shape = replace(SHAPE, image="a:1", agent_image="b:1", pull_policy="Never", cpu="2", memory="2Gi")
    objects = objects_of(shape, BUNDLE, FLEET)
    master = pod_of(found(objects, "Job", "bank-master"))
    containers = [*master["containers"], *master["initContainers"]]
    assert {(entry["image"], entry["imagePullPolicy"]) for entry in containers} == {("a:1", "Never")}
    (agent,) = pod_of(found(objects, "Job", "bank-agents"))["containers"]
    assert agent["image"] == "b:1"
    assert agent["resources"]["limits"] == agent["resources"]["requests"] == {"cpu": "2", "memory": "2Gi"}


def test_pods_get_the_time_that_the_plan_needs_to_end() -> None:
    objects = objects_of(replace(SHAPE, grace_s=20), BUNDLE, FLEET)
    assert pod_of(found(objects, "Job", "bank-agents"))["terminationGracePeriodSeconds"] == 20
    assert pod_of(found(objects, "Job", "bank-master"))["terminationGracePeriodSeconds"] > 20


def test_the_text_is_yaml_without_anchors_that_gives_the_objects_again() -> None:
    objects = objects_of(SHAPE, BUNDLE, FLEET)
    text = render(objects)
    assert list(yaml.safe_load_all(text)) == objects
    assert "&id" not in text


@pytest.mark.parametrize("name", ["", "Bank", "1bank", "bank-", "x" * 41, "a.b"])
def test_a_name_that_objects_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ClusterInputError, match="--name"):
        replace(SHAPE, name=name)


@pytest.mark.parametrize(
    ("plan", "name"),
    [("User Login Flow", "user-login-flow"), ("7 days", "run-7-days"), ("é", "run"), ("x" * 50, "x" * 40)],
)
def test_the_name_of_a_run_comes_from_its_plan(plan: str, name: str) -> None:
    assert name_of_run(plan) == name
    assert RunShape(name=name, agents=1, grace_s=1).name == name


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("name", ["a", "a-1", "a" * 40], ["", "A", "1a", "a-", "a b", "a" * 41, "a\n"]),
        ("namespace", ["1-load", "a" * 63], ["", "Böse", "a b", "-a", "a" * 64]),
        ("cpu", ["2", "0.5", "500m"], ["", "abc", "0", "0m", "-1", "1.5m", "2 cores"]),
        ("memory", ["512Mi", "1.5G", "1000000"], ["", "12Q", "0", "1m", "1 Gi", "1gb"]),
    ],
)
def test_what_the_api_server_would_refuse_is_refused_here(field: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        replace(SHAPE, **{field: value})  # type: ignore[arg-type]
    for value in bad:
        with pytest.raises(ClusterInputError, match=f"^--{field} .* cannot be used: give "):
            replace(SHAPE, **{field: value})  # type: ignore[arg-type]
