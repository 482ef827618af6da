"""`gradual repeat -n N PLAN [--against URL]`: runs, then prints the comparison, or the variation of one system."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

import typer

from gradual.cli.run import run_plan
from gradual.compare.command import ComparisonOutput, check_outputs, report_comparison
from gradual.errors import CompareRefusedError, RepeatRefusedError
from gradual.repeat.folder import RunsFolder
from gradual.repeat.options import RepeatArguments, run_arguments
from gradual.repeat.order import Side, order_of_runs
from gradual.repeat.runs import RunsDone, RunSeries
from gradual.repeat.variation import find_variation, print_variation
from gradual_common.errors import PlanError
from gradual_common.kinds.http.request_checks import is_absolute
from gradual_common.language.wording import listed
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.validation import BASE_URL_OPTION
from gradual_common.process.exit_codes import DONE, NOT_DONE
from gradual_common.secrecy.quoting import visible
from gradual_common.units import count
from gradual_master.command_line.options import RunArguments, load_arguments, name_of_plan


def repeat_plan(arguments: RepeatArguments) -> int:
    """Perform the runs and report them; return the exit code."""
    output = output_of(arguments)
    sides = arguments_of_sides(arguments)
    folder = RunsFolder(arguments.out, both=arguments.against is not None)
    folder.make()
    planned = list(order_of_runs(arguments.number, both=folder.both))
    done = RunSeries(folder, sides, lambda each: run_plan(each, arguments.agents)).run_all(planned, len(planned))
    typer.echo(f"{_measured(done, len(planned))}; the summaries are in {folder.path}\n", err=True)
    return report(done, folder, output)


def output_of(arguments: RepeatArguments) -> ComparisonOutput:
    """Where the comparison goes; RepeatRefusedError for options of a comparison that there will not be."""
    reports = {"--markdown": arguments.markdown, "--html": arguments.html, "--fail-on": arguments.fail_on}
    given = [name for name, value in reports.items() if value is not None]
    if given and arguments.against is None:
        raise RepeatRefusedError(f"{given[0]} is for a comparison; name a second system with --against URL")
    output = ComparisonOutput(arguments.json_, arguments.markdown, arguments.html, arguments.fail_on)
    check_outputs(output)
    return output


def arguments_of_sides(arguments: RepeatArguments) -> dict[Side, RunArguments]:
    """The arguments of each run; PlanError before any run if the plan, or a base URL, is wrong."""
    if name_of_plan(arguments) == "-":
        raise RepeatRefusedError("standard input can be read once only; give the plan as a file")
    sides: dict[Side, RunArguments] = {"baseline": run_arguments(arguments, arguments.base_url)}
    if arguments.against is not None:
        sides["candidate"] = run_arguments(arguments, arguments.against)
    loaded = load_arguments(sides["baseline"])
    if arguments.against is not None:
        _check_candidate(sides["candidate"])
        for note in shared_addresses(loaded.display_plan):
            typer.echo(f"note: {note}", err=True)
    return sides


def _check_candidate(arguments: RunArguments) -> None:
    """PlanError for a second base URL that cannot be used, under the name of its option here."""
    try:
        load_arguments(arguments)
    except PlanError as error:
        raise PlanError(
            [replace(each, file="--against") if each.file == BASE_URL_OPTION else each for each in error.problems]
        ) from error


def shared_addresses(plan: Plan) -> Iterator[str]:
    """What goes to the same address on both sides, as a second base URL does not change it."""
    used = dict.fromkeys(action.service_name for action in plan.actions.values())
    services = [name for name in used if name in plan.services and plan.services[name].base_url is not None]
    if services:
        yield f"services with a base_url of their own: {listed(map(visible, services))}; runs of both sides use it"
    absolute = [name for name, action in plan.actions.items() if is_absolute(action.address)]
    if absolute:
        yield f"actions with an absolute URL: {listed(map(visible, absolute))}; runs of both sides use it"


def report(done: RunsDone, folder: RunsFolder, output: ComparisonOutput) -> int:
    """Print what there is. An early end has its own code; without enough runs the code is 3."""
    baseline, candidate = done.sides["baseline"], done.sides["candidate"]
    if folder.both and baseline and candidate:
        code = _report_comparison(done, folder, output)
    elif folder.both or not baseline:
        typer.echo("There are not enough runs that can be compared.", err=True)
        code = NOT_DONE
    else:
        print_variation(find_variation(baseline), as_json=output.as_json)
        code = DONE
    return done.ended_by or code


def _report_comparison(done: RunsDone, folder: RunsFolder, output: ComparisonOutput) -> int:
    """As `gradual compare`; a refusal is said here: what ended the runs early must still decide the exit code."""
    sides = " -- ".join(shlex.quote(str(folder.path / side)) for side in ("baseline", "candidate"))
    output = replace(output, how_to_force=f"`gradual compare {sides} --force`")
    try:
        return report_comparison(done.sides["baseline"], done.sides["candidate"], output)
    except CompareRefusedError as error:
        typer.echo(str(error), err=True)
        return error.exit_code


def _measured(done: RunsDone, planned: int) -> str:
    kept = sum(map(len, done.sides.values()))
    aside = f", {count(done.put_aside, 'run')} put aside" if done.put_aside else ""
    return f"{kept} of {count(planned, 'run')} measured{aside}"
