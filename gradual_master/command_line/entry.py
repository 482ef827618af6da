"""What every command line of Gradual does around its commands: errors become one clear message and an exit code."""

from __future__ import annotations

import sys
import traceback

import typer

from gradual_common.errors import GradualError, PlanError, UnitError
from gradual_common.process.streams import standard_streams
from gradual_common.secrecy.excerpts import brief
from gradual_master.exit_codes import NOT_DONE, SAYS_RESULTS, WRONG_PLAN


def new_app(description: str) -> typer.Typer:
    """An app without completion scripts and without rich, which alone would cost half of the time for `--help`."""
    return typer.Typer(
        help=description,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )


def run_app(app: typer.Typer, name: str) -> None:
    """Run the app and leave the process: 2 for mistakes in plan or command line, 3 for what could not be done.

    That is so too for results that could not be written to standard output; who closed it or stopped reading from it
    misses none.
    """
    with standard_streams() as streams:
        code = exit_code_of(app, name)
        lost = streams.lost_output()
        if lost is not None:
            failure = fail(name, f"standard output cannot be written: {lost}; results are missing there", NOT_DONE)
            code = failure if code in SAYS_RESULTS else code
    sys.exit(code)


def exit_code_of(app: typer.Typer, name: str) -> int:
    """Run the app; what its command says by its exit code, or what its error means."""
    try:
        app(prog_name=name)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    except PlanError as error:
        return fail(name, describe_problems(error), WRONG_PLAN)
    except UnitError as error:
        return fail(name, _brief(error), WRONG_PLAN)
    except GradualError as error:
        return fail(name, _brief(error), getattr(error, "exit_code", NOT_DONE))
    except Exception:
        # Python's own exit code, 1, would say that an objective failed.
        typer.echo(_masked(traceback.format_exc()), nl=False, err=True)
        return fail(
            name, "this is a mistake in Gradual, not in the plan; please report it with the lines above", NOT_DONE
        )
    return 0


def fail(name: str, message: str, code: int) -> int:
    """Say what is wrong on standard error; the exit code."""
    typer.echo(f"{name}: {_masked(message)}", err=True)
    return code


def _brief(error: GradualError) -> str:
    """What it says, with little of what it found."""
    return brief(str(error))


def _masked(text: str) -> str:
    from gradual_common.process.logs import hide_secrets  # noqa: PLC0415 - `--help` shows nothing secret

    return hide_secrets(text)


def describe_problems(error: PlanError) -> str:
    """Every mistake on a line of its own, under a line with their number."""
    count = len(error.problems)
    lines = [f"the plan has {count} mistake{'s' if count != 1 else ''}; nothing was started"]
    return "\n".join([*lines, *(f"  {problem}" for problem in error.problems)])
