"""The page of the doctor: its example is the output for the facts of a host, and its table has every check."""

import re
from pathlib import Path

from docs_blocks import BLOCKS

from gradual.doctor.checks.finding import IntendedLoad
from gradual.doctor.doctor import CHECKS, examine, exit_code
from gradual.doctor.host.facts import ClockState, GroupLimits, HostFacts
from gradual.doctor.printing import as_text

PAGE = Path(__file__).parents[3] / "docs/doctor.md"

HOST = HostFacts(
    system="Linux",
    cores=2,
    soft_files=1024,
    hard_files=20_000,
    host_files=2_466_190,
    open_files=927,
    max_hard_files=1_048_576,
    ports=(32_768, 60_999),
    tw_reuse=2,
    has_timestamps=True,
    time_wait=54,
    somaxconn=4096,
    syn_backlog=2048,
    tracked_max=262_144,
    tracked=134,
    has_ipv6=True,
    steal=0.00066,
    group=GroupLimits(cores=1.5, memory_room=2_000_000_000, periods=5000),
    memory_available=24_171_000_000,
    swap_used=0,
    clock=ClockState(True, 1500),
    clock_source="tsc",
    is_virtual=True,
    container="Docker",
    python="CPython 3.11.7",
    uvloop="0.23.0",
    openssl="OpenSSL 3.0.19 27 Jan 2026",
)
"""As read on a virtual machine with a container whose CPU quota is 1.5 cores."""


def test_the_example_is_the_output_for_a_host() -> None:
    load = IntendedLoad(30_000, 2)
    findings = examine(HOST, load)
    (example,) = (block.text for block in BLOCKS if block.page == PAGE and block.language == "text")
    assert example.strip() == as_text(findings, load, exit_code(findings))


def test_the_table_has_every_check_in_the_order_of_the_output() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## The checks")[1]
    rows = re.findall(r"^\| ([^|`-]+?) \|", section, re.MULTILINE)[1:]
    named = [check for row in rows for check in (["OpenSSL", "place"] if row == "OpenSSL, place" else [row])]
    assert named == [finding.check for finding in examine(HOST, IntendedLoad(1, 1))]
    assert len(named) == len(CHECKS)
