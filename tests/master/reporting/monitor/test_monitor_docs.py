"""The screenshot in the documentation is what the monitor draws."""

from pathlib import Path

from monitor_states import monitor_state

from gradual_master.reporting.monitor.layout import compose

PAGE = Path(__file__).parents[4] / "docs" / "monitor.md"


def test_the_screenshot_is_a_screen() -> None:
    shown = PAGE.read_text().split("```text\n")[1].split("```")[0].splitlines()
    assert shown == [line.plain.rstrip() for line in compose(monitor_state(34), 80, 24)]
