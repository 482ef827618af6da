"""`gradual analyze` prints what the data say, as text or JSON, and refuses what says too little."""

import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_levels import CISCO, SPECSDM91

from gradual.analyze.command import analyse_file
from gradual.errors import WRONG_INPUT, MeasurementsRefusedError

ENTRY = "from gradual.cli import main; main()"


def table(*pairs: tuple[float, float]) -> str:
    return "concurrency,throughput\n" + "".join(f"{users},{throughput}\n" for users, throughput in pairs)


def saved(folder: Path, text: str) -> str:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_json_has_the_published_coefficients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of MySQL on a Cisco server (B. Schwartz, "Practical Scalability Analysis with the USL", 2015)."""
    analyse_file(saved(tmp_path, table(*CISCO)), relative=False, as_json=True)
    found = json.loads(capsys.readouterr().out)
    for name, published in (("gamma", 995.6486), ("alpha", 0.02671591), ("beta", 0.0007690945)):
        assert found[name]["value"] == pytest.approx(published, rel=1e-3)
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert found["n_peak"]["value"] == pytest.approx(35, abs=1)
    assert found["x_peak"]["value"] == pytest.approx(12_341, rel=1e-3)
    assert found["bounds"]["max_throughput_rps"] == 12_211.41
    assert (found["schema"], found["weighting"], found["levels"]) == ("gradual.scalability/1", "none", 32)


def test_the_weights_change_the_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, fits = saved(tmp_path, table(*SPECSDM91)), []
    for relative in (True, False):
        analyse_file(file, relative=relative, as_json=True)
        fits.append(json.loads(capsys.readouterr().out))
    assert [fit["weighting"] for fit in fits] == ["relative", "none"]
    assert fits[0]["gamma"]["value"] < 0.9 * fits[1]["gamma"]["value"], "one user gave 64.9, to which it comes nearer"


def test_text_begins_with_the_answer_and_has_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    analyse_file(saved(tmp_path, table(*SPECSDM91)), relative=False, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Throughput bends at about ")
    assert any(line.startswith("Peak, users") and line.split()[2] == "97" for line in lines)
    assert max(map(len, lines)) <= 80


def test_repeated_levels_are_one_and_the_refusal_says_what_would_be_enough(tmp_path: Path) -> None:
    file = saved(tmp_path, table((1, 10), (2, 19), (2, 20), (3, 28), (4, 35), (5, 40)))
    with pytest.raises(MeasurementsRefusedError) as caught:
        analyse_file(file, relative=True, as_json=False)
    assert str(caught.value) == (
        f"{file}: 6 levels are needed, 5 were measured, from 6 measurements; measure 1 other concurrency, at best up "
        "to where throughput no longer grows"
    )
    assert caught.value.exit_code == WRONG_INPUT


def test_levels_left_out_of_a_summary_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    levels = [{"users_mean": users, "throughput_rps": rate} for users, rate in SPECSDM91]
    levels[-1]["marks"] = ["failures"]  # type: ignore[assignment]
    summary = {"schema": "gradual.summary/1", "levels": levels}
    analyse_file(saved(tmp_path, json.dumps(summary)), relative=True, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["levels"] == 6
    assert found["answer"][-1] == "1 level of 7 did not count: failures, missing users, or a busy agent."
    summary["levels"] = levels[2:]
    with pytest.raises(
        MeasurementsRefusedError, match=r"4 were measured \(1 level of 5 did not count: .*measure 2 other"
    ):
        analyse_file(saved(tmp_path, json.dumps(summary)), relative=True, as_json=True)


def test_levels_of_a_summary_at_which_nothing_was_answered_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = [{"users_mean": users, "throughput_rps": rate} for users, rate in SPECSDM91]
    summary = {"schema": "gradual.summary/1", "levels": [*levels, {"users_mean": 288, "throughput_rps": 0}]}
    analyse_file(saved(tmp_path, json.dumps(summary)), relative=True, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["levels"] == 7
    assert found["answer"][-1] == "1 level of 8 did not count, because nothing was answered: at 288 users."


@dataclass
class Input:
    buffer: io.BytesIO


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Input(io.BytesIO(b"\xef\xbb\xbf" + table(*CISCO).encode())))
    analyse_file("-", relative=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["values"] == 32


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementsRefusedError, match=r"cannot read .*nowhere\.csv: No such file"):
        analyse_file(str(tmp_path / "nowhere.csv"), relative=True, as_json=False)
    (tmp_path / "latin.csv").write_bytes("concurrency,durée\n".encode("latin-1"))
    with pytest.raises(MeasurementsRefusedError, match=r"latin\.csv is not UTF-8 \(byte 15\)"):
        analyse_file(str(tmp_path / "latin.csv"), relative=True, as_json=False)


def test_the_command_has_a_page_of_help_and_exit_codes(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", ENTRY, "analyze", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    refused = run(saved(tmp_path, "users,throughput\n1,2\n"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "line 1: there is no column concurrency" in refused.stderr
    analysed = run(saved(tmp_path, table(*SPECSDM91)), "--weights", "none", "--json")
    assert (analysed.returncode, analysed.stderr) == (0, "")
    assert json.loads(analysed.stdout)["weighting"] == "none"
    wrong = run("data.csv", "--weights", "some")
    assert wrong.returncode == 2
    assert "'relative', 'none'" in wrong.stderr
