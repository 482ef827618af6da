"""`gradual validate`, `plan` and `schema` say on standard output what they found."""

import json
from pathlib import Path

import pytest

from gradual.cli.checking import show_schedule, show_schema, validate_plan
from gradual.cli.starter import write_starter
from gradual_common.errors import PlanError
from gradual_master.command_line.options import PlanArguments

EXAMPLES = Path(__file__).parents[3] / "examples"
PLANS = ("bank.yaml", "login_flow.yaml", "demo.yaml")


@pytest.mark.parametrize("name", PLANS)
def test_every_example_is_valid_and_warns_of_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate_plan(PlanArguments(plan=str(EXAMPLES / name))) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{EXAMPLES / name}: OK: ")
    assert out.count("\n") == 1


def test_the_starter_plan_is_valid_and_warns_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_starter(tmp_path / "plan.yaml", force=False)
    assert validate_plan(PlanArguments(config=str(tmp_path / "plan.yaml"))) == 0
    assert capsys.readouterr().out.endswith("OK: 40 users, 2 groups, 4 actions, 8 levels, 1m\n")


def test_every_mistake_is_shown_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("config: {duration: 10, colour: red}\nusers: []\n")
    assert validate_plan(PlanArguments(plan=str(path))) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "the plan has 2 mistakes; nothing was started"
    assert [line.split(": ")[0].strip() for line in out[1:]] == [f"{path}:1", f"{path}:2"]


def test_what_the_command_line_changes_is_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = PlanArguments(plan=str(EXAMPLES / "demo.yaml"), users=2000, duration="1m")
    assert validate_plan(arguments) == 2
    assert "users.csv" in capsys.readouterr().out


def test_the_schedule_is_shown_as_a_table_and_a_drawing_with_its_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    show_schedule(PlanArguments(plan=str(EXAMPLES / "bank.yaml"), duration="1m"))
    out = capsys.readouterr().out
    assert "level" in out
    assert "authenticated_user, at most" in out
    assert "warning: the ramp never reaches 150 users" in out
    assert "\x1b" not in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("warning")) <= 80


def test_a_plan_with_mistakes_has_no_schedule(tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        show_schedule(PlanArguments(plan=str(tmp_path / "nowhere.yaml")))


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_schema()
    schema = json.loads(capsys.readouterr().out)
    assert {"config", "users", "actions"} <= set(schema["properties"])
