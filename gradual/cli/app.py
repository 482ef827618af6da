"""The commands of `gradual`. Each command imports what it needs when it is called."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gradual.cli.certs import certs
from gradual.cli.fleet import fleet
from gradual.cli.kubernetes import kubernetes
from gradual.cli.stored import Store, add_store_commands
from gradual.compare.arguments import TwoSidedCommand
from gradual.repeat.options import RepeatArguments
from gradual_master.command_line.main import new_app
from gradual_master.command_line.options import PlanArguments, RunArguments, percentage, spread

app = new_app("Concurrency-first load testing: how many users at once does it hold, and where does it bend?")
app.add_typer(certs, name="certs")
app.add_typer(kubernetes, name="kubernetes")
app.add_typer(fleet, name="fleet")
add_store_commands(app)

STARTER = Path("gradual.yaml")


@app.command()
@spread
def run(
    arguments: RunArguments,
    agents: Annotated[
        int | None, typer.Option(min=1, max=512, metavar="N", help="agent processes  [default: cores − 1]")
    ] = None,
) -> None:
    """Run a plan, or a URL, on this machine.

    The master runs in this process and starts the agent processes. Ctrl-C once drains and reports,
    twice stops. Exit codes: 0 passed, 1 an objective failed, 2 plan or command line wrong, 3 not done or invalid,
    130 interrupted, 143 terminated.
    """
    from gradual.cli.run import run_plan

    raise typer.Exit(run_plan(arguments, agents))


@app.command("try")
@spread
def try_plan(
    arguments: PlanArguments,
    group: Annotated[str | None, typer.Option(metavar="NAME", help="user group to try  [default: the first]")] = None,
) -> None:
    """Perform one iteration and show all of it.

    One user performs one iteration in this process: every request, response, variable and condition is shown,
    secrets masked.
    """
    from gradual.trial.trial import run_trial

    raise typer.Exit(run_trial(arguments, group))


@app.command()
@spread
def validate(arguments: PlanArguments) -> None:
    """Check a plan: every mistake at once.

    Each mistake is shown with its line; the exit code is 2 when there is one, else 0.
    """
    from gradual.cli.checking import validate_plan

    raise typer.Exit(validate_plan(arguments))


@app.command()
@spread
def plan(arguments: PlanArguments) -> None:
    """Draw the schedule of a plan.

    A table of levels, and a drawing of all users and of each group.
    """
    from gradual.cli.checking import show_schedule

    show_schedule(arguments)


@app.command()
def schema() -> None:
    """Print the JSON Schema of plans."""
    from gradual.cli.checking import show_schema

    show_schema()


@app.command()
def analyze(
    file: Annotated[str, typer.Argument(metavar="FILE", help="a CSV file or a JSON summary; `-` is standard input")],
    weights: Annotated[
        Literal["relative", "none"], typer.Option(help="errors grow with the throughput, or are the same everywhere")
    ] = "relative",
    as_json: Annotated[bool, typer.Option("--json", help="print the analysis as JSON")] = False,
) -> None:
    """Find where throughput bends, in data from any tool.

    A CSV file has the columns concurrency, throughput and, if it is known, latency_ms (a mean), one line a level, six
    levels or more. Exit codes: 0 analysed, 2 the file cannot be used.
    """
    from gradual.analyze.command import analyse_file

    analyse_file(file, relative=weights == "relative", as_json=as_json)


@app.command(cls=TwoSidedCommand)
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="A… -- B…",
            help="runs of the baseline, `--`, runs of the candidate: summaries (FILE.json), folders, stored runs",
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print the comparison as JSON")] = False,
    markdown: Annotated[
        Path | None, typer.Option(metavar="PATH", help="write it as Markdown, for a pull request")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="PATH", help="write it as a page, with its intervals drawn")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="compare other plans, machines or invalid runs, too")] = False,
    fail_on: Annotated[
        Literal["regression", "inconclusive"] | None,
        typer.Option(help="what ends with exit code 1  [default: nothing]"),
    ] = None,
    store: Store = None,
) -> None:
    """Compare two sets of runs: did it get worse?

    Five runs a side decide most questions; fewer give a provisional result. A folder stands for all summaries in it; a
    word without `/` and `.json` that is no folder is a stored run: its id, the beginning of it, or `last`. Exit codes:
    0 compared, 1 what --fail-on names, 2 the runs cannot or must not be compared.
    """
    from gradual.compare.command import ComparisonOutput, compare_named

    raise typer.Exit(compare_named(runs, store, ComparisonOutput(as_json, markdown, html, fail_on, force)))


@app.command()
@spread
def repeat(arguments: RepeatArguments) -> None:
    """Run a plan several times, also against two systems.

    With --against the runs alternate (A B B A A B …) and are compared; without it, what the runs differ by is printed.
    Ctrl-C ends it and reports what there is. Exit codes: 0 done, 1 what --fail-on names, 2 plan or command line wrong,
    3 too few valid runs, 130 interrupted, 143 terminated.
    """
    from gradual.repeat.command import repeat_plan

    raise typer.Exit(repeat_plan(arguments))


@app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the file to write; `-` is standard output")] = STARTER,
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Write a commented plan to start with.

    It runs as it is against `gradual demo-server`.
    """
    from gradual.cli.starter import STANDARD_OUTPUT, write_starter

    write_starter(file, force)
    if str(file) != STANDARD_OUTPUT:
        typer.echo(f"{file} written. Next: `gradual demo-server` in one terminal, `gradual run {file}` in another.")


@app.command()
def doctor(
    users: Annotated[
        int, typer.Option("-u", "--users", min=1, max=10_000_000, metavar="N", help="users that this host shall hold")
    ] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="print the findings as JSON")] = False,
) -> None:
    """Check this host for load generation.

    What limits or falsifies a run, why, and the command that changes it. Nothing is changed. Exit codes: 0 nothing
    limits (warnings are 0 too), 3 something does.
    """
    from gradual.doctor.doctor import run_doctor

    raise typer.Exit(run_doctor(users, as_json))


@app.command("demo-server")
def demo_server(
    host: Annotated[str, typer.Option(metavar="HOST", help="the address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0: any free port")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="requests served at once")] = 16,
    seed: Annotated[int, typer.Option(metavar="N", help="seed of the latencies")] = 1,
    slower: Annotated[str, typer.Option(metavar="P%", help="makes every service time so much longer")] = "0%",
) -> None:
    """Run a small bank to test against.

    Login, dashboard, reports, transfer, rates and more; its own exact counts are at /stats.
    """
    from gradual.demo.bank import Bank
    from gradual.demo.server import run_bank
    from gradual_common.units import count

    bank = Bank(workers, seed, percentage(slower, "--slower"))
    counts = run_bank(bank, host, port, lambda url: typer.echo(f"Demo bank at {url}; its counts at {url}/stats"))
    served = count(counts["requests"], "request")
    typer.echo(f"The bank served {served}, at most {counts['peak_concurrent']} at once.", err=True)


@app.command()
def health(
    master: Annotated[str, typer.Option(metavar="HOST:PORT", help="the master; unix:PATH too")] = "127.0.0.1:7700",
    tls_ca: Annotated[
        str | None, typer.Option(metavar="FILE", help="the authority that signs the master's certificate")
    ] = None,
    tls_cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="a certificate, for a master that asks for one")
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="its key")] = None,
    tls_server_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="the name in the master's certificate")
    ] = None,
) -> None:
    """Ask a master whether it takes agents.

    For readiness checks of containers. Exit codes: 0 it does, 2 command line wrong, 3 it does not.
    """
    import asyncio

    from gradual.cli.health import check_health
    from gradual_common.net.addresses import EndpointAddress
    from gradual_common.security.identity import TlsFlags

    try:
        address = EndpointAddress.parse(master, any_port=False)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--master") from None
    asyncio.run(check_health(address, TlsFlags(tls_ca, tls_cert, tls_key), tls_server_name))
