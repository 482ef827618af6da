"""Annotations for GitHub Actions: the format, the place in the plan, and nothing secret."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from gradual_common.errors import PlanError, Problem
from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.process import logs
from gradual_master.command_line.github import annotate_mistakes, annotation, commands_off


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with `load/plan, 1.yaml`, on a runner of GitHub."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "load").mkdir()
    (tmp_path / "load/plan, 1.yaml").write_text("config: {}\n")
    return tmp_path


def test_a_command_is_escaped_as_github_reads_it(workspace: Path) -> None:
    assert (
        annotation("error", "50 %: a\r\nb, c", "load/plan, 1.yaml", 3)
        == "::error file=load/plan%2C 1.yaml,line=3::50 %25: a%0D%0Ab, c"
    )


@pytest.mark.parametrize("start", ["load", "."])
def test_a_path_is_relative_to_the_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    monkeypatch.chdir(workspace / start)
    file = os.path.relpath(workspace / "load/plan, 1.yaml")
    assert annotation("warning", "x", file) == "::warning file=load/plan%2C 1.yaml::x"


def test_a_file_outside_of_the_workspace_has_its_whole_path(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(workspace / "repository"))
    assert annotation("error", "x", "load/plan, 1.yaml").startswith(f"::error file={workspace}/load/plan%2C 1.yaml::")


def test_without_a_workspace_the_working_folder_counts(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE")
    assert annotation("error", "x", "load/plan, 1.yaml") == "::error file=load/plan%2C 1.yaml::x"


def test_a_name_that_is_no_file_is_in_the_text(workspace: Path) -> None:
    assert annotation("error", "x", "standard input", 3) == "::error::standard input: x"


def test_each_mistake_is_an_annotation_on_its_line(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = "load/plan, 1.yaml"
    annotate_mistakes(PlanError([Problem("unknown", "config", file, 2, "a hint"), Problem("too few rows")]))
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "::error file=load/plan%2C 1.yaml,line=2::config: unknown (a hint)",
        "::error::too few rows",
    ]
    assert captured.out == ""


def test_outside_of_github_there_are_none(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    annotate_mistakes(PlanError([Problem("unknown")]))
    with commands_off(print):
        pass
    assert capsys.readouterr() == ("", "")


def test_commands_are_off_between_two_lines_of_one_random_word(workspace: Path) -> None:
    lines: list[str] = []
    for _ in range(2):
        with suppress(KeyError), commands_off(lines.append):
            lines.append("::error::from a response")
            raise KeyError
    first, _, last, second, *_ = lines
    word = first.removeprefix("::stop-commands::")
    assert len(word) == 32
    assert last == f"::{word}::"
    assert first != second


def test_a_secret_is_masked(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_HIDDEN", [logs._HIDDEN[-1].also(["hunter2-hunter2"])])
    assert annotation("error", "not hunter2-hunter2") == "::error::not ***"


def test_a_plan_knows_the_lines_of_its_thresholds() -> None:
    text = (
        "config: {base_url: http://127.0.0.1:9}\nusers: [{name: u, concurrency: 1, behavior: [{action: a}]}]\n"
        "actions: {a: {url: /}}\nthresholds:\n  - p95 < 1s\n  - rule: max < 9s\n    severity: warn\n"
    )
    loaded = load_plan(PlanSource("plan", Path(), text.replace("{base_url", "{duration: 1s, base_url")))
    assert loaded.threshold_lines == (5, 6)
