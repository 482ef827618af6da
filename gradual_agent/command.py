"""The `gradual-agent` command: nothing is imported before Ctrl-C is answered."""

from gradual_common.process.interrupts import leaving_at_interrupt


def main() -> int:
    """Serve one run; its exit code."""
    with leaving_at_interrupt():
        from gradual_agent.cli import main as run  # noqa: PLC0415 - as above

    return run()
