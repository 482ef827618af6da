"""Whatever goes wrong in a command becomes one clear message and the right exit code."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from gradual_common.errors import GradualError, PlanError, Problem, UnitError
from gradual_master.command_line.main import describe_problems, new_app, run_app
from gradual_master.errors import OptionError

HOUSE = str(Path(__file__).parents[3])
PROBLEMS = [
    Problem("unknown key 'colour'", "config", "plan.yaml", 3, "did you mean 'cookies'?"),
    Problem("too few rows"),
]


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (PlanError(PROBLEMS[:1]), 2, "gradual: the plan has 1 mistake; nothing was started"),
        (UnitError("'5' is not a duration"), 2, "gradual: '5' is not a duration"),
        (OptionError("--lease 1s: at least 3s"), 2, "gradual: --lease 1s: at least 3s"),
        (GradualError("no agents"), 3, "gradual: no agents"),
        (RuntimeError("a bug"), 3, "RuntimeError: a bug\ngradual: this is a bug in Gradual"),
        (typer.Exit(7), 7, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_has_its_exit_code_and_its_message(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = new_app("An app.")

    @app.command()
    def work() -> None:
        raise error

    monkeypatch.setattr("sys.argv", ["gradual", "work"])
    with pytest.raises(SystemExit) as left:
        run_app(app, "gradual")
    assert left.value.code == code
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "code", "left", "message"),
    [
        ("/dev/full", 0, 3, "standard output cannot be written: No space left on device"),
        ("/dev/full", 1, 3, "standard output cannot be written: No space left on device"),
        ("/dev/full", 2, 2, "standard output cannot be written: No space left on device"),
        ("/dev/full", 130, 130, "standard output cannot be written: No space left on device"),
        ("/dev/null", 1, 1, ""),
    ],
)
def test_results_that_cannot_be_written_to_standard_output_are_not_done(
    output: str, code: int, left: int, message: str
) -> None:
    program = (
        f"import sys; sys.path.insert(0, {HOUSE!r})\n"
        "import typer\n"
        "from gradual_master.command_line.main import new_app, run_app\n"
        "app = new_app('An app.')\n"
        "@app.command()\n"
        "def work() -> None:\n"
        f"    print('results'); raise typer.Exit({code})\n"
        "sys.argv = ['gradual', 'work']\n"
        "run_app(app, 'gradual')\n"
    )
    with open(output, "wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=file, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == left
    assert done.stderr == (f"gradual: {message}; results are missing there\n" if message else "")


def test_every_mistake_of_a_plan_has_a_line_of_its_own() -> None:
    assert describe_problems(PlanError(PROBLEMS)).splitlines() == [
        "the plan has 2 mistakes; nothing was started",
        "  plan.yaml:3: config: unknown key 'colour' (did you mean 'cookies'?)",
        "  too few rows",
    ]
