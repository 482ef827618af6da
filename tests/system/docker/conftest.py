"""The engine, the images, and a project of docker-compose."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_project import ComposeProject, command_with, compose_project
from docs_blocks import ROOT


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no engine answers, or where it has no compose."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except FileNotFoundError:
            pytest.skip("docker is not installed")
        if asked.returncode != 0:
            pytest.skip(f"`{' '.join(command)}` fails: {asked.stderr.strip()}")


@pytest.fixture(scope="session")
def images(engine: None) -> None:
    """Both images, built from this clone as the page says."""
    command = ["bash", "-ec", command_with("make image")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture
def project(images: None, tmp_path: Path) -> Iterator[ComposeProject]:
    with compose_project(tmp_path) as made:
        yield made
