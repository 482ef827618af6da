"""The options that `gradual` and `gradual-master` share, and their translation for plan and run.

Each option is declared once, as a field of a record. A command takes a record; `spread` makes the record's fields
parameters of the command, which is what typer reads. So no list of options is written twice.
"""

# ruff: noqa: PLC0415 - `--help` and usage errors load nothing that they do not need
from __future__ import annotations

import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from gradual_common.errors import UnitError
from gradual_common.secrecy.masking import hide_credentials
from gradual_common.secrecy.quoting import brief, quoted

if TYPE_CHECKING:  # heavy: not before a plan is read
    from gradual_common.plan.loader import LoadedPlan, PlanSource
    from gradual_common.plan.reading.overrides import Overrides
    from gradual_master.run.options import RunOptions

DEFAULT_PLAN = "gradual.yaml"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""Of any scheme, so that for `ftp://…` the error is about the scheme, and not about a missing file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """Which plan, and what is changed in it (docs/design/results.md, "Commands")."""

    plan: Annotated[
        str | None,
        typer.Argument(metavar="PLAN", help="plan file, `-` for standard input; default: ./gradual.yaml"),
    ] = None
    config: Annotated[
        str | None, typer.Option("--config", "-c", metavar="PLAN", help="the plan file, instead of PLAN")
    ] = None
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="merges this entry of the plan's profiles into it")
    ] = None
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="replaces config.base_url")] = None
    set_: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="PATH=VALUE", help="replaces a value; entries of lists by name: users.guest.concurrency=10"
        ),
    ] = field(default_factory=list)
    env: Annotated[
        list[str], typer.Option("--env", "-e", metavar="K=V", help="a variable for ${K}, before the environment")
    ] = field(default_factory=list)
    data: Annotated[
        list[str], typer.Option("--data", metavar="NAME=FILE", help="another file for the data set NAME")
    ] = field(default_factory=list)
    users: Annotated[
        int | None, typer.Option("--users", "-u", min=1, metavar="N", help="scales every group: N users in all")
    ] = None
    duration: Annotated[
        str | None, typer.Option("--duration", "-d", metavar="D", help="replaces config.duration: 30s, 5m")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunArguments(PlanArguments):
    """How a plan is run and reported, for `gradual run` and `gradual-master run`."""

    monitor: Annotated[bool, typer.Option("--monitor", help="a live screen of the run on the terminal")] = False
    reporter: Annotated[
        list[str],
        typer.Option(
            "--reporter",
            "-o",
            metavar="NAME[=ARG]",
            help="console, json, csv, html, junit, markdown, openmetrics, otlp, parquet, prometheus, or your own; "
            "repeatable",
        ),
    ] = field(default_factory=list)
    tag: Annotated[list[str], typer.Option("--tag", metavar="K=V", help="a tag in the summary; repeatable")] = field(
        default_factory=list
    )
    allow_saturated: Annotated[
        bool, typer.Option("--allow-saturated", help="a busy generator does not make the run invalid")
    ] = False
    allow_missing: Annotated[
        str, typer.Option(metavar="P%", help="share of the scheduled user-seconds that may be missing")
    ] = "1%"
    lease: Annotated[str, typer.Option(metavar="D", help="how long an agent runs without its master; at least 3s")] = (
        "10s"
    )
    interval: Annotated[str, typer.Option(metavar="D", help="the time that one batch of measurements covers")] = "1s"
    exit_code: Annotated[
        list[str],
        typer.Option(
            "--exit-code",
            metavar="NAME=CODE",
            help="another exit code for failed, invalid, interrupted or terminated: failed=99; repeatable",
        ),
    ] = field(default_factory=list)
    store: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|none",
            help="keep the run in this SQLite file, or nowhere  [default: GRADUAL_STORE, else the user's store for "
            "`gradual run`, none for others]",
        ),
    ] = None
    baseline: Annotated[
        list[str],
        typer.Option(
            metavar="NAME|FILE",
            help="compare the run with this baseline of the store, or with summaries (repeatable); none: not with "
            "config.baseline",
        ),
    ] = field(default_factory=list)
    fail_on: Annotated[
        Literal["regression", "inconclusive"],
        typer.Option(help="what of the comparison fails the run; inconclusive: a regression, too"),
    ] = "regression"
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, no console summary")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log at debug level")] = False
    json_: Annotated[bool, typer.Option("--json", help="the summary as JSON on standard output")] = False
    log_format: Annotated[Literal["console", "json"], typer.Option(help="form of the log lines")] = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterArguments(RunArguments):
    """What a master of agents on other hosts needs, too."""

    token_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="the fleet's join token (or the variable GRADUAL_TOKEN)")
    ] = None
    tls_cert: Annotated[
        str | None, typer.Option(metavar="FILE", help="the master's certificate: connections are encrypted")
    ] = None
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="its key")] = None
    tls_ca: Annotated[
        str | None, typer.Option(metavar="FILE", help="agents must show a certificate of this authority")
    ] = None


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the first parameter of a command, a record, by one parameter per field of the record."""
    hints = get_type_hints(command, include_extras=True)
    first, *others = inspect.signature(command).parameters.values()
    record = hints[first.name]
    annotations, defaults = get_type_hints(record, include_extras=True), record()
    names = [entry.name for entry in fields(record)]

    @functools.wraps(command)
    def spread_command(**values: Any) -> None:
        own = {name: values.pop(name) for name in names}
        command(record(**own), **values)

    # typer reads the options from the signature and the annotations of a function. `wraps` has copied those of
    # `command`, with the record as one parameter, so both are replaced. Keyword-only parameters, because then a
    # parameter without a default (`--listen`) may come after parameters with one.
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kind, default=getattr(defaults, name), annotation=annotations[name]) for name in names
    ]
    parameters += [other.replace(annotation=hints[other.name], kind=kind) for other in others]
    vars(spread_command)["__signature__"] = inspect.Signature(parameters)
    spread_command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spread_command


def load_arguments(arguments: PlanArguments) -> LoadedPlan:
    """Load the plan that the arguments name, with their changes; PlanError with every mistake."""
    from gradual_common.plan.loader import load_plan

    overrides = overrides_of(arguments)
    return load_plan(source_of(name_of_plan(arguments)), overrides, os.environ)


def overrides_of(arguments: PlanArguments) -> Overrides:
    """The changes of the plan that the arguments ask for."""
    from gradual_common.plan.reading.overrides import Overrides

    return Overrides(
        base_url=arguments.base_url,
        users=arguments.users,
        duration=arguments.duration,
        data=dict(pairs(arguments.data, "--data", "NAME=FILE")),
        env=dict(pairs(arguments.env, "-e", "K=V")),
        sets=tuple(pairs(arguments.set_, "--set", "PATH=VALUE")),
        profile=arguments.profile,
    )


def name_of_plan(arguments: PlanArguments) -> str:
    """PLAN or `-c`; both are an error; without either, `gradual.yaml` of the working folder."""
    if arguments.plan is not None and arguments.config is not None:
        raise typer.BadParameter("give the plan once: as PLAN or with -c/--config, not both", param_hint="--config")
    given = arguments.plan if arguments.plan is not None else arguments.config
    if given is None and not Path(DEFAULT_PLAN).is_file():
        raise typer.BadParameter(
            f"no plan given and no {DEFAULT_PLAN} in {Path.cwd()}; name a plan, or write one with `gradual init`",
            param_hint="PLAN",
        )
    return DEFAULT_PLAN if given is None else given


def source_of(name: str) -> PlanSource:
    """The plan file, standard input, or a plan of one GET for a URL."""
    from gradual_common.plan.loader import MAX_PLAN_BYTES, PlanSource

    if name == "-":
        return PlanSource.of_bytes(sys.stdin.buffer.read(MAX_PLAN_BYTES + 1), "standard input")
    if _URL.match(name):
        return PlanSource(hide_credentials(name), mapping=plan_of_url(name))
    return PlanSource.of_path(Path(name))


def folder_of(name: str) -> Path | None:
    """The folder of a plan file; None for standard input and URLs, from where no code may come."""
    return None if name == "-" or _URL.match(name) else Path(name).resolve().parent


def plan_of_url(url: str) -> dict[str, Any]:
    """A plan of one GET without think time; `-u` and `-d` change its users and its duration."""
    return {
        "config": {"name": hide_credentials(url), "duration": "30s"},
        "users": [{"name": "user", "concurrency": 10, "behavior": [{"action": "get"}]}],
        "actions": {"get": {"url": url}},
    }


def pairs(entries: Sequence[str], option: str, form: str) -> list[tuple[str, str]]:
    """Split each `name=value` at its first `=`; BadParameter for an entry without one."""
    split = [entry.partition("=") for entry in entries]
    for entry, (name, equals, _) in zip(entries, split, strict=True):
        if not equals or not name:
            raise typer.BadParameter(f"{quoted(entry)} is not of the form {form}", param_hint=option)
    return [(name, value) for name, _, value in split]


def percentage(text: str, option: str) -> float:
    """`1%` → 0.01; from 0% to 100%."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not text.endswith("%") or not 0 <= number <= 100:
        raise typer.BadParameter(f"{quoted(text)} is not a percentage between 0% and 100%; write 1%", param_hint=option)
    return number / 100


def duration_option(text: str, option: str) -> int:
    """A duration with its unit, in ns."""
    from gradual_common.units import read_duration

    try:
        return read_duration(text)
    except UnitError as error:
        raise typer.BadParameter(brief(str(error)), param_hint=option) from error


def run_options_of(arguments: RunArguments, *, stores: bool = False) -> RunOptions:
    """The options of the run that are on the command line; OptionError for a value out of range.

    `stores`: whether the run goes into the user's own store if nothing else is said.
    """
    from gradual_master.run.options import RunOptions
    from gradual_master.store.location import locate_store

    return RunOptions(
        lease=duration_option(arguments.lease, "--lease"),
        interval=duration_option(arguments.interval, "--interval"),
        allow_missing=percentage(arguments.allow_missing, "--allow-missing"),
        allow_saturated=arguments.allow_saturated,
        command=shown_command(Path(sys.argv[0]).name, *sys.argv[1:]),
        tags=dict(pairs(arguments.tag, "--tag", "K=V")),
        exit_codes=exit_code_changes(arguments.exit_code),
        store=locate_store(arguments.store, os.environ, by_default=stores),
    )


def exit_code_changes(entries: Sequence[str]) -> dict[int, int]:
    """`failed=99` → {1: 99}; BadParameter for an unknown name or code."""
    from gradual_common.process.exit_codes import read_changes

    try:
        return read_changes(pairs(entries, "--exit-code", "NAME=CODE"))
    except ValueError as error:
        raise typer.BadParameter(brief(str(error)), param_hint="--exit-code") from error


HIDDEN_VALUES = ("-e", "--env", "--set", "--data")
_CLUSTER = re.compile(r"-[qv]+e")
_ATTACHED = re.compile(r"(-[qv]*e)(.+)", re.DOTALL)
"""`-qve K=V` and `-eK=V`: short options may be joined, also with their value."""
_SLACK = re.compile(r"(|-o|--reporter=)slack=.*", re.DOTALL)
"""The URL of a Slack webhook is a secret."""


def shown_command(*words: str) -> str:
    """The command line for the summary. Values that it sets in the plan are replaced by ***: they may be secret.

    In all other words only what looks like a credential is replaced.
    """
    import shlex

    shown = [""]
    for word in words:
        before, (option, equals, value) = shown[-1], word.partition("=")
        if before in HIDDEN_VALUES or _CLUSTER.fullmatch(before):
            shown.append(_without_value(word))
        elif equals and option in HIDDEN_VALUES and option.startswith("--"):
            shown.append(f"{option}={_without_value(value)}")
        elif (match := _ATTACHED.fullmatch(word)) is not None:
            shown.append(match[1] + _without_value(match[2]))
        elif (match := _SLACK.fullmatch(word)) is not None and (match[1] or before in ("-o", "--reporter")):
            shown.append(f"{match[1]}slack=***")
        else:
            shown.append(hide_credentials(word))
    # In the C locale Python decodes arguments with surrogates, which UTF-8 cannot encode.
    return os.fsencode(shlex.join(shown[1:])).decode("utf-8", "replace")


def _without_value(word: str) -> str:
    return f"{hide_credentials(word.partition('=')[0])}=***" if "=" in word else "***"
