"""`gradual init` writes a plan that can be used at once, and replaces nothing unasked."""

from pathlib import Path

import pytest

from gradual.cli.starter import write_starter
from gradual.errors import StarterRefusedError


def test_the_starter_names_its_own_file_in_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    write_starter(path, force=False)
    assert f"gradual run {path}" in path.read_text()
    assert "{file}" not in path.read_text()


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    with pytest.raises(StarterRefusedError, match="--force"):
        write_starter(path, force=False)
    assert path.read_text() == "precious"
    write_starter(path, force=True)
    assert "config:" in path.read_text()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StarterRefusedError, match="cannot write"):
        write_starter(tmp_path / "nowhere" / "plan.yaml", force=False)
