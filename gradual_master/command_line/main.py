"""What all command lines share: an error becomes one clear message and an exit code."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from gradual_common import __version__
from gradual_common.errors import GradualError, PlanError
from gradual_common.process.core_dumps import forbid_core_dumps
from gradual_common.process.exit_codes import DONE, NOT_DONE, of_lost_results
from gradual_common.process.grpc_log import quiet_grpc
from gradual_common.process.streams import StandardStreams
from gradual_common.secrecy.quoting import brief
from gradual_master.command_line.github import annotate_mistakes


def new_app(description: str) -> typer.Typer:
    """An app with `--version`, without completion scripts and without rich, which would double the time of `--help`."""
    app = typer.Typer(
        help=description,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )

    @app.callback(help=description)
    def options(
        version: Annotated[
            bool, typer.Option("--version", callback=show_version, is_eager=True, help="print the version and exit")
        ] = False,
    ) -> None: ...

    return app


def show_version(wanted: bool) -> None:
    """Print the version and exit."""
    if wanted:
        typer.echo(f"gradual {__version__}")
        raise typer.Exit


def run_app(app: typer.Typer, name: str) -> None:
    """Run the app and exit with its code.

    If results could not be written to standard output, the code says so (`of_lost_results`).
    """
    quiet_grpc()
    forbid_core_dumps()
    with StandardStreams() as streams:
        code = exit_code_of(app, name)
        lost = streams.lost_output()
        if lost is not None:
            say(name, f"standard output cannot be written: {lost}; results are missing there")
            code = of_lost_results(code)
    sys.exit(code)


def exit_code_of(app: typer.Typer, name: str) -> int:
    """Run the app; return the exit code of its command or of its error."""
    try:
        app(prog_name=name)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else DONE
    except GradualError as error:
        say(name, describe_problems(error) if isinstance(error, PlanError) else brief(str(error)))
        if isinstance(error, PlanError):
            annotate_mistakes(error)
        return error.exit_code
    except Exception:
        # Python would exit with 1, which means that an objective failed.
        typer.echo(_masked(traceback.format_exc()), nl=False, err=True)
        say(name, "this is a bug in Gradual, not in the plan; please report it with the lines above")
        return NOT_DONE
    return DONE


def say(name: str, message: str) -> None:
    """Write a line to standard error, after the name of the command."""
    typer.echo(f"{name}: {_masked(message)}", err=True)


def _masked(text: str) -> str:
    from gradual_common.process.logs import hide_secrets  # noqa: PLC0415 - `--help` shows nothing secret

    return hide_secrets(text)


def describe_problems(error: PlanError) -> str:
    """A line with the number of mistakes, then one line per mistake."""
    count = len(error.problems)
    lines = [f"the plan has {count} mistake{'s' if count != 1 else ''}; nothing was started"]
    return "\n".join([*lines, *(f"  {problem}" for problem in error.problems)])
