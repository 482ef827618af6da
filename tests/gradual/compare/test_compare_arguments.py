"""Both sides of `--` reach the command, with options anywhere."""

import subprocess
import sys
from pathlib import Path

import pytest
from compare_files import write_all
from compared_summaries import documents

from gradual.compare.arguments import sides_of
from gradual.errors import CompareRefusedError

ENTRY = "from gradual.cli import main; main()"


def compare(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ENTRY, "compare", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_all(tmp_path / "a", documents("a"))
    write_all(tmp_path / "b", documents("b", 1.15))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("a", "--", "b", "--fail-on", "regression"),
        ("--fail-on", "regression", "a", "--", "b"),
        ("a", "--fail-on=regression", "--", "b"),
        ("a/a0.json", "a/a1.json", "a/a2.json", "a/a3.json", "a/a4.json", "--", "b", "--fail-on", "inconclusive"),
    ],
)
def test_options_may_stand_anywhere(words: tuple[str, ...], folder: Path) -> None:
    done = compare(*words, folder=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Worse: throughput")


def test_without_fail_on_a_regression_is_information(folder: Path) -> None:
    assert compare("a", "--", "b", folder=folder).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("a", "b"),
            "there is no `--` between baseline and candidate; write `gradual compare BASELINE… -- CANDIDATE…`",
        ),
        (("--", "b"), "the baseline is missing before `--`"),
        (("a", "--"), "the candidate is missing after `--`"),
        (("a", "--", "nowhere.json"), "cannot read nowhere.json: No such file or directory"),
        (("a", "--", "nowhere"), "'nowhere' is neither a file nor a folder, and no stored run: "),
        (("a", "--", "b", "--fail-on", "worse"), "'regression', 'inconclusive'"),
        (("a", "--", "b", "--html", "no/page.html"), "--html no/page.html: cannot be written"),
    ],
)
def test_a_wrong_command_line_is_refused(words: tuple[str, ...], message: str, folder: Path) -> None:
    done = compare(*words, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_the_help_shows_both_sides(folder: Path) -> None:
    assert compare("--help", folder=folder).stdout.startswith(
        "Usage: gradual compare [OPTIONS] BASELINE… -- CANDIDATE…\n"
    )


def test_a_separator_of_its_own_is_no_separator() -> None:
    with pytest.raises(CompareRefusedError, match="there is no `--`"):
        sides_of(["a", "--", "b"])
