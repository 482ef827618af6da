"""Every run is done with its side's arguments; what is invalid is put aside, and an interruption ends the rest."""

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compared_summaries import document

from gradual.repeat.folder import RunsFolder
from gradual.repeat.order import order_of_runs
from gradual.repeat.runs import RunsDone, RunSeries
from gradual_common.errors import GradualError
from gradual_master.command_line.options import RunArguments
from gradual_master.errors import ReporterError


@dataclass(frozen=True)
class Left:
    """What a run writes that cannot write its summary; None: nothing."""

    text: str | None


Outcome = str | BaseException | Left | signal.Signals
CODES = {"passed": 0, "failed": 1, "invalid": 3, "interrupted": 130}


def perform_by(outcomes: list[Outcome], seen: list[RunArguments]) -> Callable[[RunArguments], int]:
    """Writes a summary with the next outcome as its status, or raises it."""

    def perform(arguments: RunArguments) -> int:
        outcome = outcomes[len(seen)]
        seen.append(arguments)
        if isinstance(outcome, BaseException):
            raise outcome
        if isinstance(outcome, signal.Signals):
            signal.raise_signal(outcome)
            return 0
        (spec,) = arguments.reporter
        file = Path(spec.removeprefix("json="))
        if isinstance(outcome, Left):
            if outcome.text is not None:
                file.write_text(outcome.text)
            return 3
        summary: Any = document(f"run-{len(seen)}")
        summary["verdict"] = {"status": outcome, "reasons": ["a reason"]}
        file.write_text(json.dumps(summary))
        return CODES[outcome]

    return perform


def run_all(folder: Path, *outcomes: Outcome, number: int = 2) -> tuple[RunsDone, list[RunArguments]]:
    seen: list[RunArguments] = []
    place = RunsFolder(folder, both=True)
    place.make()
    sides = {"baseline": RunArguments(base_url="http://a"), "candidate": RunArguments(base_url="http://b")}
    series = RunSeries(place, sides, perform_by(list(outcomes), seen))  # type: ignore[arg-type]  # literals as keys
    return series.run_all(order_of_runs(number, both=True), 2 * number), seen


def names_of(done: RunsDone) -> dict[str, list[str]]:
    return {side: [run.name for run in runs] for side, runs in done.sides.items()}


def test_every_run_has_the_arguments_of_its_side_and_a_file_of_its_own(tmp_path: Path) -> None:
    done, seen = run_all(tmp_path, "passed", "passed", "failed", "passed")
    assert [arguments.base_url for arguments in seen] == ["http://a", "http://b", "http://b", "http://a"]
    assert names_of(done) == {
        "baseline": ["baseline-1.json", "baseline-2.json"],
        "candidate": ["candidate-1.json", "candidate-2.json"],
    }
    assert (done.put_aside, done.ended_by) == (0, 0), "a missed objective makes no number wrong"


def test_an_invalid_run_is_said_and_put_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done, _ = run_all(tmp_path, "passed", "invalid", "passed", "passed")
    assert names_of(done)["candidate"] == ["candidate-2.json"]
    assert (done.put_aside, done.ended_by) == (1, 0)
    said = capsys.readouterr().err
    assert "run 2 of 4: candidate-1 begins\n  invalid, not compared: a reason (" in said
    assert (tmp_path / "not-compared/candidate-1.json").exists()
    assert "  passed: 1,000 requests, 150/s, p95 90 ms" in said


def test_a_summary_that_cannot_be_put_aside_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "not-compared").write_text("no folder")
    done, _ = run_all(tmp_path, "passed", "invalid", "passed", "passed")
    assert (sum(map(len, done.sides.values())), done.put_aside, done.ended_by) == (3, 1, 0)
    assert "candidate-1.json cannot be moved to" in capsys.readouterr().err


@pytest.mark.parametrize("left", [None, "", '{"run": '])
def test_a_run_without_a_summary_is_said_and_counted(
    left: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done, _ = run_all(tmp_path, "passed", Left(left), "passed", "passed")
    assert names_of(done)["candidate"] == ["candidate-2.json"]
    assert (done.put_aside, done.ended_by) == (1, 0)
    assert "candidate-1 begins\n  it wrote no summary, not compared (exit code 3)\n" in capsys.readouterr().err


def test_sigterm_ends_the_runs_also_while_a_run_does_not_take_signals(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    done, seen = run_all(tmp_path, "passed", "passed", signal.SIGTERM)
    assert (len(seen), sum(map(len, done.sides.values())), done.ended_by) == (3, 2, 143)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("outcome", "kept"), [("interrupted", 2), (KeyboardInterrupt(), 2)])
def test_an_interruption_ends_the_runs_and_keeps_what_there_is(outcome: Outcome, kept: int, tmp_path: Path) -> None:
    done, seen = run_all(tmp_path, "passed", "passed", outcome)
    assert (len(seen), sum(map(len, done.sides.values())), done.ended_by) == (3, kept, 130)


def test_a_run_that_cannot_be_done_ends_the_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done, _ = run_all(tmp_path, "passed", ReporterError("no room"))
    assert done.ended_by == ReporterError.exit_code
    assert "it could not be done: no room" in capsys.readouterr().err


def test_the_first_that_cannot_be_done_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GradualError, match="no room"):
        run_all(tmp_path, ReporterError("no room"))
