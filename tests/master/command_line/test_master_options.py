"""Options are declared once, every command that takes a record takes all of them, and their words become records."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from gradual_common.clock import NS_PER_S
from gradual_common.errors import PlanError
from gradual_master.command_line.options import (
    PlanArguments,
    RunArguments,
    duration_option,
    load_arguments,
    name_of_plan,
    pairs,
    percentage,
    plan_of_url,
    run_options_of,
    shown_command,
    source_of,
    spread,
)
from gradual_master.errors import OptionError
from gradual_master.reporting import BUILT_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is ordered."""

    dish: Annotated[str | None, typer.Argument()] = None
    extra: Annotated[list[str], typer.Option("--extra")] = field(default_factory=list)


def taken(*words: str) -> tuple[Order, int]:
    seen: list[tuple[Order, int]] = []
    app = typer.Typer()

    @app.command()
    @spread
    def order(order: Order, number: Annotated[int, typer.Option("-n")]) -> None:
        """Order something."""
        seen.append((order, number))

    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return seen[0]


def test_the_fields_of_a_record_become_parameters_beside_the_commands_own() -> None:
    assert taken("soup", "--extra", "salt", "--extra", "bread", "-n", "2") == (
        Order(dish="soup", extra=["salt", "bread"]),
        2,
    )


def test_defaults_are_the_records_and_lists_are_not_shared() -> None:
    first, second = taken("-n", "1")[0], taken("-n", "1")[0]
    assert first == second == Order()
    assert first.extra is not second.extra


def test_a_run_takes_every_option_of_a_plan() -> None:
    assert set(PlanArguments.__dataclass_fields__) < set(RunArguments.__dataclass_fields__)


def test_the_help_names_every_reporter_that_is_built_in() -> None:
    (option,) = get_type_hints(RunArguments, include_extras=True)["reporter"].__metadata__
    names, _, own = option.help.partition(", or ")
    assert names.split(", ") == sorted(BUILT_IN, key=["console", "json", *sorted(BUILT_IN)].index)
    assert own == "your own; repeatable"


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert pairs(["a=b=c", "d="], "-e", "K=V") == [("a", "b=c"), ("d", "")]


@pytest.mark.parametrize("entry", ["novalue", "=value", ""])
def test_a_pair_without_name_or_sign_is_an_error_that_shows_the_form(entry: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not of the form K=V"):
        pairs([entry], "-e", "K=V")


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0%", 0.0), ("100%", 1.0), ("2.5%", 0.025)])
def test_a_percentage_is_read_as_a_share(text: str, share: float) -> None:
    assert percentage(text, "--allow-missing") == share


@pytest.mark.parametrize("text", ["1", "0.01", "101%", "-1%", "%", "nan%", "many"])
def test_what_is_not_a_percentage_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="between 0% and 100%"):
        percentage(text, "--allow-missing")


def test_a_duration_needs_its_unit() -> None:
    assert duration_option("10s", "--lease") == 10 * NS_PER_S
    with pytest.raises(typer.BadParameter, match="with a unit"):
        duration_option("10", "--lease")


def test_the_options_of_a_run_are_read_and_their_ranges_held() -> None:
    arguments = RunArguments(lease="5s", interval="500ms", allow_missing="2%", tag=["build=7"])
    options = run_options_of(arguments)
    assert (options.lease, options.interval, options.allow_missing) == (5 * NS_PER_S, NS_PER_S // 2, 0.02)
    assert options.tags == {"build": "7"}
    with pytest.raises(OptionError, match="--lease 1s"):
        run_options_of(RunArguments(lease="1s"))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["gradual", "run", "a b.yaml"], "gradual run 'a b.yaml'"),
        (["gradual", "run", "-e", "KEY=hidden"], "gradual run -e 'KEY=***'"),
        (["gradual", "run", "--env=KEY=hidden"], "gradual run '--env=KEY=***'"),
        (["gradual", "run", "-eKEY=hidden"], "gradual run '-eKEY=***'"),
        (["gradual", "run", "-qe", "KEY=hidden"], "gradual run -qe 'KEY=***'"),
        (["gradual", "run", "-e", "hidden"], "gradual run -e '***'"),
        (["gradual", "run", "--set", "config.headers.X=hidden"], "gradual run --set 'config.headers.X=***'"),
        (["gradual", "run", "--set=config.name=hidden"], "gradual run '--set=config.name=***'"),
        (["gradual", "run", "--data", "user=hidden.csv"], "gradual run --data 'user=***'"),
        (["gradual", "run", "https://me:hidden@h/x?token=hidden"], "gradual run 'https://***@h/x?token=***'"),
        (["gradual", "run", "--base-url=https://hidden@h"], "gradual run '--base-url=https://***@h'"),
        (["gradual", "run", "--tag", "token=hidden"], "gradual run --tag 'token=***'"),
        (["gradual", "run", "-o", "slack=https://chat/hidden"], "gradual run -o 'slack=***'"),
        (["gradual", "run", "-oslack=https://chat/hidden"], "gradual run '-oslack=***'"),
        (
            ["gradual", "run", "-o", "otlp=https://hooks.slack.com/services/hidden"],
            "gradual run -o 'otlp=https://hooks.slack.com/***'",
        ),
        (["gradual", "run", "-o", "html=report.html", "-u", "5"], "gradual run -o html=report.html -u 5"),
    ],
)
def test_the_command_is_shown_without_what_may_be_secret(words: list[str], shown: str) -> None:
    assert shown_command(*words) == shown


def test_a_url_is_a_plan_of_one_get() -> None:
    plan = plan_of_url("http://127.0.0.1/x")
    assert plan["actions"] == {"get": {"url": "http://127.0.0.1/x"}}
    assert [step["action"] for step in plan["users"][0]["behavior"]] == ["get"]


def test_a_url_with_credentials_is_called_without_them() -> None:
    plan = plan_of_url("http://me:hunter2@127.0.0.1/x")
    assert plan["config"]["name"] == "http://***@127.0.0.1/x"
    assert plan["actions"]["get"]["url"] == "http://me:hunter2@127.0.0.1/x"
    assert source_of("http://me:hunter2@127.0.0.1/x").name == "http://***@127.0.0.1/x"


@pytest.mark.parametrize("name", ["htp://me:hunter2@h/x", "HTTP://me:hunter2@h:99999/", "postgres://me:hunter2@h/"])
def test_an_address_of_any_scheme_is_not_a_file_and_its_error_says_what_is_wrong(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_arguments(PlanArguments(plan=name))
    assert "hunter2" not in str(caught.value)
    assert re.search("is not a URL; it begins with|port is not one from", str(caught.value))


@pytest.mark.parametrize("name", ["me:hunter2@127.0.0.1/x", "http:/me:hunter2@h", "me:hunter2@h.yaml"])
def test_a_plan_that_cannot_be_read_is_named_without_credentials(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_arguments(PlanArguments(plan=name))
    assert "hunter2" not in str(caught.value)
    assert "cannot read the plan" in str(caught.value)


def test_a_plan_given_twice_is_an_error() -> None:
    with pytest.raises(typer.BadParameter, match="not both"):
        name_of_plan(PlanArguments(plan="a.yaml", config="b.yaml"))


def test_without_a_plan_the_one_in_the_working_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.BadParameter, match="gradual init"):
        name_of_plan(PlanArguments())
    (tmp_path / "gradual.yaml").touch()
    assert name_of_plan(PlanArguments()) == "gradual.yaml"
