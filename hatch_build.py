"""Generate Python code from `proto/` for wheels and editable installs alike.

`protoc -I virtual=real` maps a folder of `proto/` onto the package path, so that the generated modules import each
other as `gradual_common.wire.…` and never collide with the `gradual` package.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = {"gradual_common/wire": "proto/gradual/v1", "gradual_master/wire": "proto/prometheus"}
"""Each generated package, and where its messages are declared."""


class WireBuildHook(BuildHookInterface):
    """Hatchling's build hook: runs protoc with the Python, stub and gRPC generators."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            return
        generate(Path(self.root))
        build_data["artifacts"].extend(f"{package}/*" for package in SOURCES)


def generate(root: Path) -> None:
    """Write the packages below `root`; raises RuntimeError when protoc fails."""
    for package, source in SOURCES.items():
        generate_package(root, package, source)


def generate_package(root: Path, package: str, source: str) -> None:
    """Write one of them."""
    from importlib.resources import files  # noqa: PLC0415  (build-time dependencies: absent when merely imported)

    from grpc_tools import protoc  # noqa: PLC0415  (as above)

    target = root / package
    target.mkdir(parents=True, exist_ok=True)
    protos = sorted((root / source).glob("*.proto"))
    has_services = any("\nservice " in proto.read_text() for proto in protos)
    arguments = [
        "protoc",
        f"--plugin=protoc-gen-mypy={stub_generator()}",
        f"-I{package}={root / source}",
        f"-I{files('grpc_tools') / '_proto'}",
        f"--python_out={root}",
        f"--mypy_out=quiet:{root}",
        *([f"--grpc_python_out={root}"] if has_services else []),
        *(f"{package}/{proto.name}" for proto in protos),
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError(f"protoc could not generate {package} from {source}; its messages stand above")
    (target / "__init__.py").write_text(f'"""Generated from {source} when the package is built."""\n')


def stub_generator() -> str:
    """Where mypy-protobuf's plug-in is: beside the interpreter when its environment is not activated, else on PATH."""
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which("protoc-gen-mypy", path=places)
    if found is None:
        raise RuntimeError("protoc-gen-mypy is absent; it comes with mypy-protobuf (see pyproject.toml)")
    return found
