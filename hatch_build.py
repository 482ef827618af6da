"""Generate `gradual_common.wire` from `proto/` for wheels and editable installs alike.

`protoc -I virtual=real` maps `proto/gradual/v1` onto the package path, so that the generated modules import each
other as `gradual_common.wire.…` and never collide with the `gradual` package.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "gradual_common/wire"


class WireBuildHook(BuildHookInterface):
    """Hatchling's build hook: runs protoc with the Python, stub and gRPC generators."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            return
        generate(Path(self.root))
        build_data["artifacts"].append(f"{PACKAGE}/*")


def generate(root: Path) -> None:
    """Write the package `gradual_common/wire` below `root`; raises RuntimeError when protoc fails."""
    from importlib.resources import files  # noqa: PLC0415  (build-time dependencies: absent when merely imported)

    from grpc_tools import protoc  # noqa: PLC0415  (as above)

    source = root / "proto/gradual/v1"
    target = root / PACKAGE
    target.mkdir(parents=True, exist_ok=True)
    protos = sorted(path.name for path in source.glob("*.proto"))
    arguments = [
        "protoc",
        f"--plugin=protoc-gen-mypy={stub_generator()}",
        f"-I{PACKAGE}={source}",
        f"-I{files('grpc_tools') / '_proto'}",
        f"--python_out={root}",
        f"--mypy_out=quiet:{root}",
        f"--grpc_python_out={root}",
        *(f"{PACKAGE}/{name}" for name in protos),
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError(f"protoc could not generate {PACKAGE} from {source}; its messages stand above")
    (target / "__init__.py").write_text('"""Generated from proto/gradual/v1 when the package is built."""\n')


def stub_generator() -> str:
    """Where mypy-protobuf's plug-in is: beside the interpreter when its environment is not activated, else on PATH."""
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which("protoc-gen-mypy", path=places)
    if found is None:
        raise RuntimeError("protoc-gen-mypy is absent; it comes with mypy-protobuf (see pyproject.toml)")
    return found
