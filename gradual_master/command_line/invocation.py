"""From the options of a command line to the records that the rest of Gradual takes."""

# ruff: noqa: PLC0415 - `--help` and usage errors load no plan model
from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gradual_common.clock import NS_PER_S
from gradual_common.errors import UnitError
from gradual_common.secrecy.excerpts import brief, shown
from gradual_common.secrecy.masking import hide_credentials
from gradual_common.units import read_duration
from gradual_master.run.options import RunOptions

if TYPE_CHECKING:
    from gradual_common.plan.loader import LoadedPlan, PlanSource
    from gradual_common.plan.reading.overrides import Overrides
    from gradual_master.command_line.options import PlanArguments, RunArguments

DEFAULT_PLAN = "gradual.yaml"
STANDARD_INPUT = "-"
URL_USERS = 10
URL_DURATION = "30s"
AGENTS_WAIT = 60 * NS_PER_S
HIDDEN_VALUES = ("-e", "--env", "--set", "--data")
REPORTER_OPTIONS = ("-o", "--reporter")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""Of any scheme: one that cannot be requested is said to be that, and no missing file."""

_CLUSTER = re.compile(r"-[qv]+e")
_ATTACHED = re.compile(r"(-[qv]*e)(.+)", re.DOTALL)
"""`-e K=V` behind other flags, and with its value in the same word."""


def load_arguments(arguments: PlanArguments) -> LoadedPlan:
    """The plan that the arguments name, with what they change in it; PlanError with every mistake."""
    from gradual_common.plan.loader import load_plan

    return load_plan(source_of(arguments), overrides_of(arguments), os.environ)


def source_of(arguments: PlanArguments) -> PlanSource:
    """The plan file, standard input, or a plan of one GET for a URL."""
    name = name_of_plan(arguments)
    from gradual_common.plan.loader import PlanSource

    if name == STANDARD_INPUT:
        return PlanSource.of_bytes(sys.stdin.buffer.read(), "standard input")
    if _URL.match(name):
        return PlanSource.of_mapping(plan_of_url(name), hide_credentials(name))
    return PlanSource.of_path(Path(name))


def name_of_plan(arguments: PlanArguments) -> str:
    """PLAN or `-c`, whichever was given; both is an error, neither means the working folder's."""
    if arguments.plan is not None and arguments.config is not None:
        raise typer.BadParameter("give the plan once: as PLAN or with -c/--config, not both", param_hint="--config")
    given = arguments.plan if arguments.plan is not None else arguments.config
    return find_default() if given is None else given


def find_default() -> str:
    """gradual.yaml in the working folder, or an error that says what to do."""
    if Path(DEFAULT_PLAN).is_file():
        return DEFAULT_PLAN
    raise typer.BadParameter(
        f"no plan given and no {DEFAULT_PLAN} in {Path.cwd()}; name a plan, or write one with `gradual init`",
        param_hint="PLAN",
    )


def plan_of_url(url: str) -> dict[str, Any]:
    """A plan of one GET, without think time; `-u` and `-d` change its users and its length."""
    return {
        "config": {"name": hide_credentials(url), "duration": URL_DURATION},
        "users": [{"name": "user", "concurrency": URL_USERS, "behavior": [{"action": "get"}]}],
        "actions": {"get": {"url": url}},
    }


def overrides_of(arguments: PlanArguments) -> Overrides:
    """What the command line changes in the plan."""
    from gradual_common.plan.reading.overrides import Overrides

    return Overrides(
        base_url=arguments.base_url,
        users=arguments.users,
        duration=arguments.duration,
        data=dict(pairs(arguments.data, "--data", "NAME=FILE")),
        env=dict(pairs(arguments.env, "-e", "K=V")),
        sets=tuple(pairs(arguments.set_, "--set", "PATH=VALUE")),
    )


def pairs(entries: Sequence[str], option: str, form: str) -> list[tuple[str, str]]:
    """Each `name=value` split at its first `=`; a clear error for one without."""
    split = [entry.partition("=") for entry in entries]
    for entry, (name, equals, _) in zip(entries, split, strict=True):
        if not equals or not name:
            raise typer.BadParameter(f"{shown(entry)} is not of the form {form}", param_hint=option)
    return [(name, value) for name, _, value in split]


def percentage(text: str, option: str) -> float:
    """`1%` → 0.01; from 0% to 100%."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not text.endswith("%") or not 0 <= number <= 100:
        raise typer.BadParameter(f"{shown(text)} is not a percentage between 0% and 100%; write 1%", param_hint=option)
    return number / 100


def duration_option(text: str, option: str) -> int:
    """A duration with its unit, in ns."""
    try:
        return read_duration(text)
    except UnitError as error:
        raise typer.BadParameter(brief(str(error)), param_hint=option) from error


def run_options_of(
    arguments: RunArguments, listen: str, agents: int, agents_wait: int = AGENTS_WAIT, insecure: bool = False
) -> RunOptions:
    """How the run is to be conducted; OptionError for what is out of range."""
    return RunOptions(
        listen=listen,
        expect_agents=agents,
        agents_wait=agents_wait,
        lease=duration_option(arguments.lease, "--lease"),
        interval=duration_option(arguments.interval, "--interval"),
        insecure=insecure,
        allow_missing=percentage(arguments.allow_missing, "--allow-missing"),
        allow_saturated=arguments.allow_saturated,
        command=command_line(),
        tags=dict(pairs(arguments.tag, "--tag", "K=V")),
    )


def command_line(words: Sequence[str] = ()) -> str:
    """The command as it was given, for the summary, without the values that it changes in the plan: they may be secret.

    Of everything else only what tells that it is a credential is left out.
    """
    shown: list[str] = []
    for word in words or [Path(sys.argv[0]).name, *sys.argv[1:]]:
        shown.append(_shown_word(word, shown[-1] if shown else ""))
    # In the C locale letters come as stand-ins, which no file can hold.
    return os.fsencode(shlex.join(shown)).decode("utf-8", "replace")


def _shown_word(word: str, before: str) -> str:
    """A word of the command, behind the word `before`."""
    if _takes_value(before):
        return _without_value(word)
    if word.startswith("--"):
        option, equals, value = word.partition("=")
        return f"{option}={_without_value(value)}" if equals and option in HIDDEN_VALUES else _shown_value(word, before)
    if (match := _ATTACHED.fullmatch(word)) is not None:
        return match[1] + _without_value(match[2])
    return _shown_value(word, before)


def _takes_value(word: str) -> bool:
    return word in HIDDEN_VALUES or _CLUSTER.fullmatch(word) is not None


def _shown_value(word: str, before: str) -> str:
    """A notification's address is its password, whoever takes it."""
    if before in REPORTER_OPTIONS or word.startswith(("-o", "--reporter=")):
        name, equals, _ = word.partition("slack=")
        if equals and name in {"", "-o", "--reporter="}:
            return f"{name}slack=***"
    return hide_credentials(word)


def _without_value(word: str) -> str:
    return f"{hide_credentials(word.partition('=')[0])}=***" if "=" in word else "***"
