"""Summaries lie where `gradual compare` finds them, apart from those of earlier runs."""

from pathlib import Path

import pytest

from gradual.errors import RepeatRefusedError
from gradual.repeat.folder import RunsFolder, read_summary
from gradual.repeat.order import PlannedRun


def test_each_side_has_a_folder(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path / "out", both=True)
    folder.make()
    file = folder.file_of(PlannedRun("candidate", 2))
    assert file == tmp_path / "out/candidate/candidate-2.json"
    assert file.parent.is_dir()


def test_one_system_has_its_runs_in_the_folder_itself(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path / "out", both=False)
    folder.make()
    assert folder.file_of(PlannedRun("baseline", 1)) == tmp_path / "out/run-1.json"


@pytest.mark.parametrize(
    ("both", "name"),
    [
        (True, "baseline/baseline-1.json"),
        (False, "run-1.json"),
        (True, "not-compared/baseline-1.json"),
        (False, "not-compared/run-1.json"),
    ],
)
def test_summaries_of_earlier_runs_are_not_mixed_with_new_ones(both: bool, name: str, tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path, both=both)
    folder.make()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{}")
    with pytest.raises(RepeatRefusedError, match=r"is there from earlier runs.*--out"):
        folder.make()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RepeatRefusedError, match=r"cannot make .*file"):
        RunsFolder(tmp_path / "file", both=True).make()


def test_a_summary_that_cannot_be_put_aside_is_named(tmp_path: Path) -> None:
    (tmp_path / "not-compared").write_text("no folder")
    (tmp_path / "run-1.json").write_text("{}")
    with pytest.raises(RepeatRefusedError, match=r"run-1\.json cannot be moved to .*not-compared"):
        RunsFolder(tmp_path, both=False).put_aside(tmp_path / "run-1.json")


def test_what_is_put_aside_is_in_no_folder_that_is_compared(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path, both=False)
    folder.make()
    file = folder.file_of(PlannedRun("baseline", 1))
    file.write_text('{"a": 1}')
    assert read_summary(file) == {"a": 1}
    place = folder.put_aside(file)
    assert place == tmp_path / "not-compared/run-1.json"
    assert place.exists()
    assert list(tmp_path.glob("*.json")) == []
    assert read_summary(file) is None
