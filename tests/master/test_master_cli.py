"""`gradual-master` takes every option of `gradual run` but `--agents`, and those of a fleet."""

import inspect

import pytest
from typer.testing import CliRunner

from gradual.cli import app as gradual_cli
from gradual_master import cli
from gradual_master.command_line.main import run_app


def options_of(command: object) -> set[str]:
    return set(inspect.signature(command).parameters)  # type: ignore[arg-type]


def test_it_takes_what_gradual_run_takes_but_agents() -> None:
    own = {"listen", "expect_agents", "agents_wait", "insecure", "token_file", "tls_cert", "tls_key", "tls_ca"}
    assert options_of(cli.run) - own == options_of(gradual_cli.run) - {"agents"}


@pytest.mark.parametrize("missing", ["--listen", "--expect-agents"])
def test_the_options_of_the_fleet_are_required(missing: str) -> None:
    given = {"--listen": "127.0.0.1:0", "--expect-agents": "1"}
    words = [word for option, value in given.items() if option != missing for word in (option, value)]
    result = CliRunner().invoke(cli.app, ["run", "plan.yaml", *words])
    assert result.exit_code == 2
    assert missing in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--listen", "0.0.0.0:0"], "--insecure"),
        (["--listen", "nowhere"], "write HOST:PORT"),
        (["--listen", "127.0.0.1:0", "--agents-wait", "5"], "with a unit"),
        (["--listen", "127.0.0.1:0", "--interval", "1ms"], "--interval 1ms"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gradual-master", "run", "http://127.0.0.1:1/", "--expect-agents", "1", "-q", *words]
    monkeypatch.setattr("gradual_master.command_line.running.configure_logging", lambda *arguments: None)
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as left:
        run_app(cli.app, "gradual-master")
    assert left.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_version_is_one_line() -> None:
    assert CliRunner().invoke(cli.app, ["--version"]).output.startswith("gradual 0.")
