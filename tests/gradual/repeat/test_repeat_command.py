"""`gradual repeat` as its users call it: two systems by turns, one alone, and clear refusals."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from compared_summaries import document

from gradual.errors import RepeatRefusedError
from gradual.repeat.command import arguments_of_sides, output_of, report
from gradual.repeat.folder import RunsFolder
from gradual.repeat.options import RepeatArguments, run_arguments
from gradual.repeat.runs import RunsDone
from gradual_master.comparing.reading import read_run

ENTRY = "from gradual.cli import main; main()"
PLAN = """
config: {name: repeated, duration: 1s, base_url: "http://127.0.0.1:9"}
users: [{name: reader, concurrency: 2, think_time: 20ms, behavior: [{action: rates}]}]
actions: {rates: {url: /api/rates}}
"""


def repeat(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ENTRY, "repeat", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder)


@contextmanager
def bank(*words: str) -> Iterator[str]:
    command = [sys.executable, "-c", ENTRY, "demo-server", "--port", "0", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[3].rstrip(";")
        finally:
            process.terminate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def test_two_systems_are_run_by_turns_and_compared(folder: Path) -> None:
    options = ("--agents", "1", "--allow-saturated", "--allow-missing", "100%", "--store", "none")
    with bank() as one, bank("--slower", "100%") as other:
        done = repeat("-n", "1", "plan.yaml", "--base-url", one, "--against", other, "--json", *options, folder=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["result"]
    assert (found["baseline_runs"], found["candidate_runs"]) == (["baseline-1.json"], ["candidate-1.json"])
    assert found["levels"] == [2]
    summaries = [
        json.loads((folder / "gradual-repeat" / side / f"{side}-1.json").read_text())
        for side in ("baseline", "candidate")
    ]
    assert [summary["run"]["base_urls"] for summary in summaries] == [[one], [other]]
    assert summaries[0]["run"]["plan_sha256"] != summaries[1]["run"]["plan_sha256"]
    assert summaries[0]["run"]["load_sha256"] == summaries[1]["run"]["load_sha256"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_reports_what_there_is(number: signal.Signals, code: int, folder: Path) -> None:
    words = ("repeat", "-n", "9", "plan.yaml", "--agents", "1", "--store", "none", "--allow-saturated", "--json")
    command = [sys.executable, "-c", ENTRY, *words, "--allow-missing", "100%", "--set", "config.duration=2s"]
    pipe = subprocess.PIPE
    with (
        bank() as url,
        subprocess.Popen([*command, "--base-url", url], stdout=pipe, stderr=pipe, text=True, cwd=folder) as process,
    ):
        assert process.stderr is not None
        for line in iter(process.stderr.readline, ""):
            if line.startswith("run 3 of 9"):
                break
        process.send_signal(number)
        output, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "2 of 9 runs measured" in said
    # Not its levels: on a busy machine users are missing, and such a level is left out.
    assert json.loads(output)["runs"] == ["run-1.json", "run-2.json"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("plan.yaml", "--markdown", "c.md"),
            "--markdown is for a comparison; name a second system with --against URL",
        ),
        (("-",), "standard input can be read once only"),
        (("nowhere.yaml",), "nowhere.yaml"),
        (("plan.yaml", "--against", "bank"), "base_url"),
        (("http://127.0.0.1:9/a", "--against", "http://127.0.0.1:8"), "--against: every action has an absolute URL"),
        (("plan.yaml", "-n", "0"), "-n"),
    ],
)
def test_what_is_wrong_is_said_before_any_run(words: tuple[str, ...], message: str, folder: Path) -> None:
    done = repeat(*words, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "begins" not in done.stderr


def test_what_a_second_base_url_does_not_change_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    arguments_of_sides(RepeatArguments(plan="plan.yaml", against="http://b"))
    assert capsys.readouterr().err == "", "every action goes to it"
    others = """
services: {ledger: {base_url: "http://127.0.0.1:8"}, unused: {base_url: "http://127.0.0.1:8"}, audit: {timeout: 1s}}
actions:
  rates: {url: /api/rates}
  book: {url: /book, service: ledger}
  log: {url: /log, service: audit}
  pay: {url: "http://127.0.0.1:7/pay"}
"""
    (folder / "plan.yaml").write_text(PLAN[: PLAN.index("actions:")] + others)
    arguments_of_sides(RepeatArguments(plan="plan.yaml", against="http://b"))
    assert capsys.readouterr().err.splitlines() == [
        "note: services with a base_url of their own: ledger; runs of both sides use it",
        "note: actions with an absolute URL: pay; runs of both sides use it",
    ]
    arguments_of_sides(RepeatArguments(plan="plan.yaml"))
    assert capsys.readouterr().err == "", "one system"


def test_a_run_has_the_options_of_the_series() -> None:
    arguments = RepeatArguments(plan="p.yaml", set_=["a=1"], tag=["k=v"], interval="2s", json_=True, store="none")
    run = run_arguments(arguments, "http://b")
    assert (run.plan, run.set_, run.tag, run.interval, run.store) == ("p.yaml", ["a=1"], ["k=v"], "2s", "none")
    assert (run.base_url, run.quiet, run.json_) == ("http://b", True, False)


def test_reports_of_a_comparison_need_a_second_system(tmp_path: Path) -> None:
    with pytest.raises(RepeatRefusedError, match="--fail-on is for a comparison"):
        output_of(RepeatArguments(fail_on="regression"))
    assert output_of(RepeatArguments(against="http://b", html=tmp_path / "c.html")).html == tmp_path / "c.html"


@pytest.mark.parametrize(("ended_by", "code"), [(0, 2), (130, 130), (143, 143)])
def test_a_refused_comparison_is_said_and_what_ended_the_runs_decides(
    ended_by: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = RunsDone(ended_by=ended_by)
    done.sides["baseline"].append(read_run(document("a")))
    done.sides["candidate"].append(read_run(document("b", plan_sha256="b" * 64)))
    folder = RunsFolder(tmp_path / "two words", both=True)
    assert report(done, folder, output_of(RepeatArguments(against="http://b"))) == code
    said = capsys.readouterr().err
    assert said.startswith("not compared\n  ")
    sides = f"'{folder.path}/baseline' -- '{folder.path}/candidate'"
    assert said.endswith(f"\n`gradual compare {sides} --force` compares all the same where runs have common levels\n")


@pytest.mark.parametrize("both", [True, False])
def test_without_runs_the_code_says_that_it_was_not_done(both: bool, tmp_path: Path) -> None:
    folder, output = RunsFolder(tmp_path, both=both), output_of(RepeatArguments())
    assert report(RunsDone(), folder, output) == 3
    assert report(RunsDone(ended_by=130), folder, output) == 130
