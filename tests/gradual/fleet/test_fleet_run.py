"""`gradual fleet run`: what is wrong on its command line is said before any host is asked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradual.cli.app import app
from gradual_common.errors import GradualError

PLAN = """
config: {base_url: 'http://127.0.0.1:9', duration: 1s}
users: [{name: u, concurrency: 1, behavior: [{action: g}]}]
actions: {g: {url: /}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return str(path)


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        ([], "no hosts given", 2),
        (["--hosts", "a,a"], "given more than once: a", 2),
        (["--hosts", "a", "--processes", "0"], "--processes: '0' is not a number of processes", 2),
        (["--hosts", "a", "--processes", "many"], "or auto", 2),
        (["--hosts", "a", "--agent-command", " "], "--agent-command: write the command", 2),
        (["--hosts", "a", "--agent-command", "a\nb"], "--agent-command: write the command", 2),
        (["--hosts", "a", "--ssh", ""], "--ssh is empty", 2),
        (["--hosts", "a", "--ssh", "ssh 'x"], "--ssh: No closing quotation", 2),
        (["--hosts", "a", "--listen", "unix:/tmp/x"], "--listen unix:/tmp/x: other hosts cannot reach it", 2),
        (["--hosts", "a", "--listen", "7700"], "--listen: '7700' is not an address", 2),
        (["--hosts", "a", "--master-address", "m:7700"], "--master-address 'm:7700' has a port", 2),
        (["--hosts", "a", "--master-address", "0.0.0.0"], "--master-address '0.0.0.0' means every address", 2),
        (["--hosts", "a", "--ssh", "/nowhere/ssh"], "/nowhere/ssh cannot be started", 3),
    ],
)
def test_a_wrong_option_is_named(plan: str, options: list[str], message: str, code: int) -> None:
    result = CliRunner().invoke(app, ["fleet", "run", plan, *options])
    assert isinstance(result.exception, GradualError)
    assert message in str(result.exception)
    assert result.exception.exit_code == code


CODE = PLAN.replace("{g: {url: /}}", "{g: {python: 'my_actions:settle'}}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "the plan runs the code my_actions:settle, which is not sent with the plan: put it on every host"),
        (["--allow-code", " "], "--allow-code ' ': write a folder"),
        (["--allow-code", "~/actions/"], "/nowhere/ssh cannot be started"),
        (["--agent-command", "gradual-agent --allow-code actions/"], "/nowhere/ssh cannot be started"),
    ],
)
def test_code_of_a_plan_has_to_be_on_the_hosts(tmp_path: Path, options: list[str], message: str) -> None:
    (tmp_path / "plan.yaml").write_text(CODE)
    command = ["fleet", "run", str(tmp_path / "plan.yaml"), "--hosts", "a", "--ssh", "/nowhere/ssh", *options]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, GradualError)
    assert message in str(result.exception)


def test_the_plan_is_read_before_any_host_is_asked(tmp_path: Path) -> None:
    wrong = tmp_path / "plan.yaml"
    wrong.write_text("users: []\n")
    result = CliRunner().invoke(app, ["fleet", "run", str(wrong), "--hosts", "a", "--ssh", "/nowhere/ssh"])
    assert isinstance(result.exception, GradualError)
    assert result.exception.exit_code == 2
    assert "/nowhere" not in str(result.exception)
