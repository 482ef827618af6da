"""The `gradual` command. Everything heavy is imported by the command that needs it: `--help` must stay fast."""

from gradual_common.process.interrupts import leaving_at_interrupt


def main() -> None:
    """Run the command line and leave with its exit code."""
    with leaving_at_interrupt():
        from gradual.cli.app import app  # noqa: PLC0415 - agents import this package without it
        from gradual_master.command_line.main import run_app  # noqa: PLC0415  as above

    run_app(app, "gradual")
