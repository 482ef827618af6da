"""The objects of a run: those of the folder `base`, with the run's name, numbers, images and contents.

The objects of `base` are called `gradual-…`; here they are called after the run, so runs can be side by side.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

from gradual.errors import ClusterInputError
from gradual.kubernetes.bundle import Bundle, check_size, literal

KubernetesObject = dict[str, Any]

INSTANCE: Final = "app.kubernetes.io/instance"
PLACEHOLDER: Final = "replace-me"

MAX_NAME: Final = 40
"""Characters: the names of pods are longer, and a label holds 63."""

_NAME = re.compile(rf"(?=.{{1,{MAX_NAME}}}$)[a-z]([-a-z0-9]*[a-z0-9])?")
_NAMESPACE = re.compile(r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
"""A label of RFC 1123, which the names of namespaces are."""

# Quantities of Kubernetes, https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/, without
# nothing, signs and exponents.
_CPU = re.compile(r"(?=.*[1-9])([0-9]+(\.[0-9]+)?|[0-9]+m)")
_MEMORY = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]+)?([kMGT]|[KMGT]i)?")
_BASE_NAMES = re.compile(r"gradual-(master|agents|plan|fleet)")
_BASE_ADDRESS = "--master=gradual-master:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShape:
    """How a run looks in a cluster."""

    name: str
    agents: int
    grace_s: int
    """Seconds that the master needs to end the run."""

    namespace: str | None = None
    image: str | None = None
    agent_image: str | None = None
    pull_policy: str | None = None
    cpu: str | None = None
    """Of an agent's pod; it runs one process per whole core."""

    memory: str | None = None
    allow_code: tuple[str, ...] = ()
    """Python code in the image of the agents that they may run."""

    def __post_init__(self) -> None:
        """ClusterInputError for what the API server would refuse in the middle of the launch."""
        check_name(self.name, "--name")
        _check("--namespace", self.namespace, _NAMESPACE, "give 1 to 63 small letters, digits and `-`")
        _check("--cpu", self.cpu, _CPU, "give cores, such as 2, 0.5 or 500m")
        _check("--memory", self.memory, _MEMORY, "give bytes with a unit, such as 512Mi or 2Gi")


def check_name(name: str, option: str) -> None:
    """ClusterInputError if a name cannot be that of a run and its objects."""
    form = f"give 1 to {MAX_NAME} small letters, digits and `-`, the first a letter, the last no `-`"
    _check(option, name, _NAME, form)


def _check(option: str, value: str | None, form: re.Pattern[str], advice: str) -> None:
    if value is not None and not form.fullmatch(value):
        raise ClusterInputError(f"{option} {value!r} cannot be used: {advice}")


def name_of_run(plan: str) -> str:
    """A name for a run, from the name of its plan."""
    plain = re.sub(r"[^a-z0-9]+", "-", plan.lower()).strip("-")
    return (plain if plain[:1].isalpha() else f"run-{plain}")[:MAX_NAME].strip("-")


def objects_of(shape: RunShape, bundle: Bundle, secret: dict[str, bytes] | None) -> list[KubernetesObject]:
    """All objects, contents first; without `secret` the values of the Secret are placeholders."""
    plan, fleet = _config_map(shape, bundle), _secret(shape, bundle, secret)
    others = [_named(entry, shape) for entry in base_objects()]
    for entry in others:
        if entry["kind"] == "Job":
            component = entry["metadata"]["labels"]["app.kubernetes.io/component"]
            (_shape_master if component == "master" else _shape_agents)(entry, shape, bundle)
    return [plan, fleet, *others]


def render(objects: list[KubernetesObject]) -> str:
    """The objects as one YAML text."""
    return yaml.dump_all(objects, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)


def base_objects() -> Iterator[KubernetesObject]:
    """The objects that the kustomization of `base` lists, in its order."""
    base = files("gradual.kubernetes") / "base"
    listed = yaml.safe_load((base / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    yield from (yaml.safe_load((base / file).read_text(encoding="utf-8")) for file in listed)


class _PlainDumper(yaml.SafeDumper):
    """Writes equal parts twice instead of naming them."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors."""
        return True


def _named(value: Any, shape: RunShape) -> Any:
    """The same, called after the run. Commands and images, such as `gradual-master`, stay."""
    if isinstance(value, list):
        return [_named(entry, shape) for entry in value]
    if isinstance(value, str):
        return value.replace(_BASE_ADDRESS, f"--master={shape.name}-master:", 1)
    if not isinstance(value, dict):
        return value
    changed = {key: _named(child, shape) for key, child in value.items()}
    for key in ("name", "secretName"):
        if isinstance(changed.get(key), str) and _BASE_NAMES.fullmatch(changed[key]):
            changed[key] = shape.name + changed[key].removeprefix("gradual")
    if INSTANCE in changed:
        changed[INSTANCE] = shape.name
    if "kind" in changed and shape.namespace is not None:
        changed["metadata"]["namespace"] = shape.namespace
    return changed


def _meta(shape: RunShape, suffix: str) -> KubernetesObject:
    labels = {"app.kubernetes.io/name": "gradual", INSTANCE: shape.name}
    namespace = {} if shape.namespace is None else {"namespace": shape.namespace}
    return {"name": f"{shape.name}-{suffix}", **namespace, "labels": labels}


def _config_map(shape: RunShape, bundle: Bundle) -> KubernetesObject:
    texts, binary = {}, {}
    for key, content in bundle.files.items():
        try:
            texts[key] = content.decode("utf-8")
        except UnicodeDecodeError:
            binary[key] = b64encode(content).decode("ascii")
    entry = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(shape, "plan"), "data": texts}
    return {**entry, "binaryData": binary} if binary else entry


def _secret(shape: RunShape, bundle: Bundle, secret: dict[str, bytes] | None) -> KubernetesObject:
    entry = {"apiVersion": "v1", "kind": "Secret", "metadata": _meta(shape, "fleet"), "type": "Opaque"}
    own = {**bundle.secret_files, **{_key_of(name): value.encode() for name, value in bundle.variables.items()}}
    if secret is None:
        keys = ("token", "ca.pem", "master.pem", "master-key.pem", "agent.pem", "agent-key.pem")
        return {**entry, "stringData": dict.fromkeys((*keys, *own), PLACEHOLDER)}
    contents = {**secret, **own}
    check_size(contents, "variables, secrets and TLS files", "the Secret")
    return {**entry, "data": {key: b64encode(value).decode("ascii") for key, value in contents.items()}}


def _key_of(variable: str) -> str:
    return f"env.{variable}"


def _shape_master(job: KubernetesObject, shape: RunShape, bundle: Bundle) -> None:
    spec = job["spec"]["template"]["spec"]
    (master,), (reports,) = spec["containers"], spec["initContainers"]
    keep_s = int(next(entry["value"] for entry in reports["env"] if entry["name"] == "KEEP_S"))
    spec["terminationGracePeriodSeconds"] = shape.grace_s + keep_s
    for container in (master, reports):
        _use_image(container, shape.image, shape.pull_policy)
    master["args"] += bundle.arguments
    master["env"] = [{"name": "AGENTS", "value": str(shape.agents)}, *_environment(shape, bundle)]
    if bundle.paths:
        (plan,) = (volume for volume in spec["volumes"] if volume["name"] == "plan")
        plan["configMap"]["items"] = [{"key": key, "path": bundle.paths.get(key, key)} for key in bundle.files]
    (fleet,) = (volume for volume in spec["volumes"] if volume["name"] == "fleet")
    fleet["secret"]["items"] += [{"key": key, "path": key} for key in bundle.secret_files]


def _environment(shape: RunShape, bundle: Bundle) -> Iterator[KubernetesObject]:
    for name in bundle.variables:
        reference = {"name": f"{shape.name}-fleet", "key": _key_of(name)}
        yield {"name": name, "valueFrom": {"secretKeyRef": reference}}


def _shape_agents(job: KubernetesObject, shape: RunShape, _: Bundle) -> None:
    job["spec"] |= {"completions": shape.agents, "parallelism": shape.agents}
    spec = job["spec"]["template"]["spec"]
    spec["terminationGracePeriodSeconds"] = shape.grace_s
    (agent,) = spec["containers"]
    _use_image(agent, shape.agent_image or shape.image, shape.pull_policy)
    agent["args"] += [literal(f"--allow-code={entry}") for entry in shape.allow_code]
    for resource, amount in (("cpu", shape.cpu), ("memory", shape.memory)):
        if amount is not None:
            agent["resources"]["requests"][resource] = agent["resources"]["limits"][resource] = amount


def _use_image(container: KubernetesObject, image: str | None, pull_policy: str | None) -> None:
    if image is not None:
        container["image"] = image
    if pull_policy is not None:
        container["imagePullPolicy"] = pull_policy
