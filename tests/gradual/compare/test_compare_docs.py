"""The example of the documentation prints what the page shows, of runs that were measured."""

import shlex

import pytest
from docs_blocks import ROOT, blocks_of

from gradual.compare.command import ComparisonOutput, report_comparison
from gradual.compare.files import read_sides

BLOCKS = blocks_of(ROOT / "docs" / "comparing.md")


def test_the_printed_comparison_is_that_of_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    command, baseline, separator, candidate = (words := shlex.split(BLOCKS[0].text))[1:5]
    assert (words[0], command, separator) == ("gradual", "compare", "--")
    report_comparison(*read_sides([str(ROOT / baseline)], [str(ROOT / candidate)]), ComparisonOutput())
    assert capsys.readouterr().out == BLOCKS[1].text


def test_the_page_names_every_key_of_a_metric() -> None:
    text = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
    sides = read_sides([str(ROOT / "examples/comparison/baseline")], [str(ROOT / "examples/comparison/candidate")])
    assert [len(side) for side in sides] == [5, 5]
    keys = ("change", "low", "high", "min_change", "p_adjusted", "p_permutation", "runs_needed", "left_out", "no_data")
    assert [key for key in keys if f"`{key}`" not in text] == []
