"""The `gradual-master` command: first Ctrl-C is handled, then the rest is imported."""

from gradual_common.process.interrupts import leaving_at_interrupt


def main() -> None:
    """Run the command line and leave with its exit code."""
    with leaving_at_interrupt():
        from gradual_master.cli import app  # noqa: PLC0415 - as above
        from gradual_master.command_line.main import run_app  # noqa: PLC0415 - as above

    run_app(app, "gradual-master")
