"""The packages in `gradual_common` import in one direction, as its docstring lists them."""

import ast
import re
from pathlib import Path

import gradual_common

FOLDER = Path(gradual_common.__file__).parent
PACKAGES = ["wire", *re.findall(r"^(\w+) {2,}", gradual_common.__doc__ or "", re.MULTILINE)]


def test_every_package_is_listed() -> None:
    assert set(PACKAGES) == {path.name for path in FOLDER.iterdir() if (path / "__init__.py").exists()}


def test_each_package_imports_only_those_above_it() -> None:
    upwards = [
        f"{path.relative_to(FOLDER)} imports {node.module}"
        for index, package in enumerate(PACKAGES)
        for path in (FOLDER / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gradual_common.")
        if node.module.split(".")[1] in PACKAGES[index + 1 :]
    ]
    assert upwards == []
