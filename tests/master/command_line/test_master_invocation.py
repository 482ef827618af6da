"""The command line's words become records, or a clear error that names the option."""

import re
from pathlib import Path

import pytest
import typer

from gradual_common.clock import NS_PER_S
from gradual_common.errors import PlanError
from gradual_master.command_line.invocation import (
    command_line,
    duration_option,
    find_default,
    load_arguments,
    pairs,
    percentage,
    plan_of_url,
    run_options_of,
    source_of,
)
from gradual_master.command_line.options import PlanArguments, RunArguments
from gradual_master.errors import OptionError


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
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="between 0% and 100%"):
        percentage(text, "--allow-missing")


def test_a_duration_needs_its_unit() -> None:
    assert duration_option("10s", "--lease") == 10 * NS_PER_S
    with pytest.raises(typer.BadParameter, match="with a unit"):
        duration_option("10", "--lease")


def test_the_options_of_a_run_are_read_and_their_ranges_held() -> None:
    arguments = RunArguments(lease="5s", interval="500ms", allow_missing="2%", tag=["build=7"])
    options = run_options_of(arguments, "unix:/x", 2)
    assert (options.lease, options.interval, options.allow_missing) == (5 * NS_PER_S, NS_PER_S // 2, 0.02)
    assert (options.listen, options.expect_agents, options.tags) == ("unix:/x", 2, {"build": "7"})
    with pytest.raises(OptionError, match="--lease 1s"):
        run_options_of(RunArguments(lease="1s"), "unix:/x", 1)


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
    assert command_line(words) == shown


def test_a_url_is_a_plan_of_one_get() -> None:
    plan = plan_of_url("http://127.0.0.1/x")
    assert plan["actions"] == {"get": {"url": "http://127.0.0.1/x"}}
    assert [step["action"] for step in plan["users"][0]["behavior"]] == ["get"]


def test_a_url_with_credentials_is_called_without_them() -> None:
    plan = plan_of_url("http://me:hunter2@127.0.0.1/x")
    assert plan["config"]["name"] == "http://***@127.0.0.1/x"
    assert plan["actions"]["get"]["url"] == "http://me:hunter2@127.0.0.1/x"
    assert source_of(PlanArguments(plan="http://me:hunter2@127.0.0.1/x")).name == "http://***@127.0.0.1/x"


@pytest.mark.parametrize("name", ["htp://me:hunter2@h/x", "HTTP://me:hunter2@h:99999/", "postgres://me:hunter2@h/"])
def test_an_address_of_any_scheme_is_no_file_and_says_what_is_wrong_with_it(name: str) -> None:
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
        source_of(PlanArguments(plan="a.yaml", config="b.yaml"))


def test_without_a_plan_the_one_in_the_working_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(typer.BadParameter, match="gradual init"):
        find_default()
    (tmp_path / "gradual.yaml").touch()
    assert find_default() == "gradual.yaml"
