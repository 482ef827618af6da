"""Make the schemas of Kubernetes' objects anew, from the specification that Kubernetes publishes with its source.

    go list -m -versions k8s.io/kubernetes
    python tests/manifests/renew_schemas.py 1.35.4 1.36.3 1.37.2

The three newest minor versions. `go mod download` fetches the module k8s.io/kubernetes (Apache License 2.0, The
Kubernetes Authors) and compares it with the Go checksum database. Of its `api/openapi-spec/swagger.json` only the kinds
below stay, with what they refer to, and without descriptions.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KINDS = (
    "io.k8s.api.batch.v1.Job",
    "io.k8s.api.core.v1.ConfigMap",
    "io.k8s.api.core.v1.Namespace",
    "io.k8s.api.core.v1.PersistentVolumeClaim",
    "io.k8s.api.core.v1.Pod",
    "io.k8s.api.core.v1.Secret",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
)
KEPT = ("$ref", "additionalProperties", "format", "items", "properties", "required", "type")
GROUP = "x-kubernetes-group-version-kind"


def renew(version: str) -> None:
    """Write the schemas of one version."""
    definitions = specification(version)["definitions"]
    used = sorted(reached(definitions, KINDS))
    content = {
        "source": f"k8s.io/kubernetes v{version}, api/openapi-spec/swagger.json; made by renew_schemas.py",
        "licence": "Apache-2.0, The Kubernetes Authors; changed: only some kinds, without descriptions",
        "definitions": {name: reduced(definitions[name]) for name in used},
    }
    (HERE / f"kubernetes-{version}.json").write_text(json.dumps(content, indent=1) + "\n")


def specification(version: str) -> dict[str, Any]:
    """The published specification of a version."""
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"]
    module = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    parsed: dict[str, Any] = json.loads((Path(module["Dir"]) / "api/openapi-spec/swagger.json").read_text())
    return parsed


def reached(definitions: dict[str, Any], roots: tuple[str, ...]) -> set[str]:
    """The names of `roots` and of all that they refer to."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting.extend(references(definitions[name]))
    return found


def references(node: Any) -> Iterator[str]:
    """The names that a definition refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)


def reduced(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition without what a validation does not use."""
    kept = {key: value for key, value in definition.items() if key in (*KEPT, GROUP)}
    if "properties" in kept:
        kept["properties"] = {name: reduced(value) for name, value in kept["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = reduced(kept[key])
    return kept


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        renew(argument)
