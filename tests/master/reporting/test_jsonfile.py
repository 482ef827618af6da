"""The JSON file: whole, replaced in one step, and its errors come before any load."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.errors import ReporterError
from gradual_master.reporting.jsonfile import JsonReporter, render_json
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary


def summary_of(**facts: Any) -> Summary:
    plan, schedule = plan_of(), schedule_of((2, 1))
    return build_summary(aggregate_of(plan, schedule), fleet_of(), run_of(**facts))


def report(arg: str, summary: Summary) -> None:
    reporter = JsonReporter(arg)
    reporter.prepare()
    reporter.on_test_complete(summary)


def test_the_file_is_the_summary_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old")
    summary = summary_of(command="gradual run größe.yaml")
    report(str(path), summary)
    assert json.loads(path.read_text(encoding="utf-8")) == summary.to_dict()
    assert "größe" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["summary.json"], "no draft is left behind"


def test_the_same_summary_is_the_same_bytes() -> None:
    assert render_json(summary_of(tags={"a": "1", "b": "2"})) == render_json(summary_of(tags={"b": "2", "a": "1"}))


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    summary = summary_of()
    report("-", summary)
    assert json.loads(capsys.readouterr().out) == summary.to_dict()


def test_on_standard_output_in_another_encoding_no_letter_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary = summary_of(command="gradual run größe→.yaml")
    output = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    monkeypatch.setattr("sys.stdout", output)
    report("-", summary)
    output.flush()
    assert json.loads(output.buffer.getvalue().decode("utf-8")) == summary.to_dict()  # type: ignore[attr-defined]  # it is the BytesIO of above


def test_a_device_is_written_to_and_not_replaced() -> None:
    report(os.devnull, summary_of())
    assert not Path(os.devnull).is_file()


def test_preparing_leaves_no_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("old")
    for path in (old, new):
        JsonReporter(str(path)).prepare()
    assert old.read_text() == "old"
    assert not new.exists()


@pytest.mark.parametrize(
    ("arg", "message"),
    [
        (None, "the json reporter needs a file: -o json=PATH"),
        ("", "the json reporter needs a file: -o json=PATH"),
        ("{folder}", "this is a folder; name a file in it"),
        ("{folder}/nowhere/summary.json", "cannot be written: No such file or directory"),
        ("{folder}/file/summary.json", "cannot be written: Not a directory"),
    ],
)
def test_a_path_that_cannot_be_written_is_reported_before_the_load(
    tmp_path: Path, arg: str | None, message: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReporterError, match=message):
        JsonReporter(arg.format(folder=tmp_path) if arg else arg).prepare()
