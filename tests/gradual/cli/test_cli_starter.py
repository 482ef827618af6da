"""`gradual init` writes a plan that can be used at once, and replaces nothing unasked."""

import os
from pathlib import Path

import pytest

from gradual.cli.starter import readable, write_starter
from gradual.errors import StarterRefusedError
from gradual_common.plan.loader import PlanSource, load_plan


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


def test_a_dash_is_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_starter(Path("-"), force=False)
    text = capsys.readouterr().out
    assert load_plan(PlanSource(text=text)).plan.config.name == "My first plan"
    assert "gradual run gradual.yaml" in text
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_the_locale_has_no_letters_for_is_written_with_them(tmp_path: Path) -> None:
    """As Python reads it from a command line in the C locale."""
    path = tmp_path / os.fsdecode("Über.yaml".encode()).encode("utf-8", "surrogateescape").decode(
        "ascii", "surrogateescape"
    )
    write_starter(path, force=False)
    assert "Über.yaml" in (tmp_path / "Über.yaml").read_text(encoding="utf-8")
    assert readable(Path(os.fsdecode(b"half\xff.yaml"))) == "half\ufffd.yaml"
