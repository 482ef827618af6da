"""The `gradual-master` command: nothing is imported before Ctrl-C is answered."""

from gradual_common.process.interrupts import leaving_at_interrupt


def main() -> None:
    """Run the command line and leave with its exit code."""
    with leaving_at_interrupt():
        from gradual_master.cli import app  # noqa: PLC0415 - as above
        from gradual_master.command_line.main import run_app  # noqa: PLC0415 - as above

    run_app(app, "gradual-master")
