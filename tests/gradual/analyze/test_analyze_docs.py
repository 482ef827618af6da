"""The example of the documentation prints what the page shows."""

import shlex
from pathlib import Path

import pytest
from docs_blocks import ROOT, blocks_of
from made_levels import SPECSDM91

from gradual.analyze.command import analyse_file

BLOCKS = blocks_of(ROOT / "docs" / "analysis.md")


def test_the_printed_result_is_that_of_the_printed_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, command = BLOCKS[0].text.split("<<'END'\n")[1].split("END\n")
    file = tmp_path / "sdm91.csv"
    file.write_text(table)
    assert shlex.split(command) == ["gradual", "analyze", "sdm91.csv", "--weights", "none"]
    analyse_file(str(file), relative=False, as_json=False)
    assert capsys.readouterr().out == BLOCKS[1].text


def test_the_values_are_the_published_ones() -> None:
    lines = BLOCKS[0].text.splitlines()[2:-2]
    assert [tuple(map(float, line.split(","))) for line in lines] == [*SPECSDM91]
