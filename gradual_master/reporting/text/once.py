"""Set-up and teardown in one sentence each."""

from __future__ import annotations

from gradual_common.units import count
from gradual_master.reporting.text.formatting import show_count, show_number
from gradual_master.results.summary.sections import OnceSection, Summary


def once_of(summary: Summary) -> dict[str, str]:
    """How set-up and teardown ended, as far as the plan has them; why one failed is a reason of the verdict."""
    sections = {"set-up": summary.setup, "teardown": summary.teardown}
    return {name: _describe_once(section) for name, section in sections.items() if section is not None}


def _describe_once(section: OnceSection) -> str:
    requests, failed = (sum(row[name] for row in section.actions) for name in ("requests", "failures"))
    where = f" on {section.agent}" if section.agent else ""
    took = "" if section.duration_s is None else f" in {show_number(section.duration_s, 3)} s"
    return f"{section.status}{where}{took}; {count(requests, 'request')}, {show_count(failed)} failed"
