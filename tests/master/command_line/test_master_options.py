"""Options are declared once, and every command that takes a record takes all of them."""

from dataclasses import dataclass, field
from typing import Annotated

import typer
from typer.testing import CliRunner

from gradual_master.command_line.options import PlanArguments, RunArguments, spread


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
