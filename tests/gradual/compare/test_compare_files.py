"""Summaries are read from files and folders; every mistake names its file and what would be right."""

import json
from pathlib import Path

import pytest
from compare_files import write_all
from compared_summaries import document, documents

from gradual.compare.files import read_sides
from gradual.errors import CompareRefusedError
from gradual_master.errors import SummaryRefusedError


def test_a_folder_stands_for_its_summaries_by_name(tmp_path: Path) -> None:
    folder = write_all(tmp_path / "a", documents("a", runs=3))
    (tmp_path / "a" / "comparison.json").write_text('{"schema": "gradual.comparison/1"}')
    (tmp_path / "a" / "list.json").write_text("[1]")
    (tmp_path / "a" / "notes.txt").write_text("no JSON")
    (side,) = read_sides([folder])
    assert [run.name for run in side] == ["a0.json", "a1.json", "a2.json"]


def test_files_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    for side in "ab":
        write_all(tmp_path / side, [document("run")])
    write_all(tmp_path / "b", [document("other")])
    first, second = read_sides([str(tmp_path / "a")], [str(tmp_path / "b")])
    assert [run.name for run in (*first, *second)] == [
        str(tmp_path / "a/run.json"),
        "other.json",
        str(tmp_path / "b/run.json"),
    ]


def test_a_word_that_is_no_file_is_a_stored_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_all(tmp_path / "a", [document("a0")])
    asked: list[str] = []

    def stored(named: str) -> object:
        asked.append(named)
        return document("2026-7")

    first, second = read_sides(["a", "a/a0.json"], ["last"], stored=stored)
    assert [run.name for run in first] == ["a/a0.json", "a/a0.json"]
    assert [run.name for run in second] == ["2026-7"]
    assert asked == ["last"]
    with pytest.raises(CompareRefusedError, match=r"cannot read b\.json"):
        read_sides(["b.json"], stored=stored)


def test_a_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J.json"
    path.write_text(json.dumps(document("run")))
    assert read_sides([str(path)])[0][0].name == "a\\x1b[2J.json"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.json is no JSON file: .*; `gradual run PLAN -o json=PATH` writes a summary"),
        (b"{", r"a\.json is no JSON"),
        (b"[" * 100_000, r"a\.json is no JSON"),
        ("é".encode("latin-1"), r"a\.json is no JSON file: it is not UTF-8 \(byte 0\)"),
    ],
)
def test_a_file_that_is_no_json_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(CompareRefusedError, match=message):
        read_sides([str(path)])


def test_a_file_that_is_no_summary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"schema": "other"}')
    with pytest.raises(SummaryRefusedError, match=r"a\.json: `schema` is other"):
        read_sides([str(path)])


def test_a_folder_without_summaries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompareRefusedError, match=r"no summary in this folder, it has no \*\.json"):
        read_sides([str(tmp_path)])
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(CompareRefusedError, match=r"none of its 1 \*\.json file is one;"):
        read_sides([str(tmp_path)])
    (tmp_path / "tsconfig.json").write_text("// with a comment\n{}")
    with pytest.raises(CompareRefusedError, match=r"none of its 2 \*\.json files is one \(1 of them no JSON\)"):
        read_sides([str(tmp_path)])


def test_a_file_of_a_folder_that_is_no_json_is_passed_over_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_all(tmp_path / "a", documents("a", runs=2))
    (tmp_path / "a" / "tsconfig.json").write_text("// with a comment\n{}")
    (tmp_path / "a" / "deep.json").write_text("[" * 100_000)
    (side,) = read_sides([folder])
    assert [run.name for run in side] == ["a0.json", "a1.json"]
    assert capsys.readouterr().err == f"note: passed over in {folder}, no JSON: deep.json, tsconfig.json\n"


def test_an_empty_word_is_not_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_all(tmp_path / "a", [document("a0")]))
    with pytest.raises(CompareRefusedError, match="a RUN is empty; `gradual runs` lists the runs"):
        read_sides([""], ["a0.json"])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompareRefusedError, match=r"cannot read .*nowhere\.json: No such file"):
        read_sides([str(tmp_path / "nowhere.json")])
