"""Each check: facts, and the state and the words that follow from them."""

from dataclasses import replace

import pytest

from gradual.doctor.checks.finding import MOST_USERS, RESERVED_FILES, IntendedLoad, intended_load
from gradual.doctor.doctor import CHECKS, examine, exit_code
from gradual.doctor.host.facts import UNLIMITED, ClockState, GroupLimits, HostFacts
from gradual_agent.process import process

GB = 10**9
GOOD = HostFacts(
    system="Linux",
    cores=4,
    soft_files=1024,
    hard_files=65_536,
    host_files=1_000_000,
    open_files=1000,
    max_hard_files=1_048_576,
    ports=(1024, 65_535),
    tw_reuse=1,
    has_timestamps=True,
    time_wait=0,
    somaxconn=4096,
    syn_backlog=1024,
    has_ipv6=True,
    governors=("performance",),
    steal=0.0,
    group=GroupLimits(),
    memory_available=8 * GB,
    swap_used=0,
    clock=ClockState(True, 1500),
    clock_source="tsc",
    is_virtual=False,
    python="CPython 3.11.7",
    uvloop="0.23.0",
    openssl="OpenSSL 3.0.19",
)
LOAD = IntendedLoad(10_000, 3)
BARE = HostFacts(
    system="Darwin", cores=8, soft_files=256, hard_files=UNLIMITED, python="CPython 3.13.1", uvloop="0.22.1"
)


def test_a_good_host_has_nothing_to_change() -> None:
    findings = examine(GOOD, LOAD)
    assert {finding.state for finding in findings} == {"ok"}
    assert [finding.check for finding in findings if finding.why or finding.change] == []
    assert exit_code(findings) == 0


@pytest.mark.parametrize(
    ("changed", "check", "state", "words"),
    [
        ({"hard_files": 1024}, "open files, process", "limit", "ulimit -Hn 3534 "),
        ({"hard_files": 1024}, "open files, process", "limit", "--agents 13"),
        ({"hard_files": 1024, "max_hard_files": 2048}, "open files, process", "limit", "sysctl -w fs.nr_open=3534"),
        ({"hard_files": 3534}, "open files, process", "ok", "at most 3,534, 3,534 needed"),
        ({"hard_files": UNLIMITED}, "open files, process", "ok", "at most unlimited"),
        ({"host_files": 11_599}, "open files, host", "limit", "sysctl -w fs.file-max=23200"),
        ({"host_files": 11_600}, "open files, host", "ok", "11,600 needed"),
        ({"ports": (32_768, 37_767)}, "ports", "limit", 'ip_local_port_range="1024 65535"'),
        ({"ports": (10_000, 19_999)}, "ports", "ok", "10,000 for connections"),
        ({"ports": (10_000, 19_999), "reserved_ports": 1}, "ports", "limit", "9,999 for connections"),
        ({"tw_reuse": 2, "ports": (32_768, 60_999)}, "reuse of ports", "warn", "about 470 new connections/s"),
        ({"tw_reuse": 2}, "reuse of ports", "warn", "loopback only"),
        ({"has_timestamps": False}, "reuse of ports", "warn", "tcp_tw_reuse = 1, tcp_timestamps = 0: about"),
        ({"has_timestamps": False}, "reuse of ports", "warn", "sysctl -w net.ipv4.tcp_timestamps=1"),
        ({"tw_reuse": 0}, "reuse of ports", "warn", "net.ipv4.tcp_tw_reuse=1"),
        ({"tw_reuse": 2, "time_wait": 60_000}, "TIME_WAIT", "limit", "wait for a minute"),
        ({"tw_reuse": 2, "time_wait": 55_000}, "TIME_WAIT", "warn", "55,000 connections wait"),
        ({"has_timestamps": False, "time_wait": 60_000}, "TIME_WAIT", "limit", "wait for a minute"),
        ({"tw_reuse": 1, "time_wait": 60_000}, "TIME_WAIT", "ok", "60,000 connections wait"),
        ({"somaxconn": 128}, "queues of servers", "ok", "of no effect on a host that only connects"),
        ({"tracked_max": 8000, "tracked": 50}, "tracked connections", "limit", "nf_conntrack_max=40200"),
        ({"tracked_max": 12_000, "tracked": 50}, "tracked connections", "warn", "10,050 needed"),
        ({"tracked_max": 262_144, "tracked": 50}, "tracked connections", "ok", "table of 262,144"),
        ({"has_ipv6": False}, "IPv6", "ok", "only systems with an IPv4 address"),
        ({"governors": ("powersave", "performance")}, "CPU frequency", "warn", "performance, powersave"),
        ({"governors": ()}, "CPU frequency", "unknown", "virtual machines rarely tell"),
        ({"steal": 0.02}, "stolen time", "warn", "2%"),
        ({"steal": 0.07}, "stolen time", "limit", "dedicated cores"),
        ({"group": GroupLimits(cores=0.5)}, "CPU quota", "limit", "0.5 of 4 usable cores"),
        ({"group": GroupLimits(cores=2.5)}, "CPU quota", "warn", "or 2 agent processes at most"),
        ({"group": GroupLimits(cores=4.0)}, "CPU quota", "ok", "none below the 4"),
        ({"group": None}, "CPU quota", "unknown", "not known here"),
        ({"group": GroupLimits(task_room=127)}, "threads", "limit", "--pids-limit"),
        ({"group": GroupLimits(task_room=128)}, "threads", "ok", "128 more in the control group, 128 needed"),
        ({"group": None}, "threads", "unknown", "not known here"),
        ({"group": GroupLimits(periods=1000, throttled=10)}, "throttling", "warn", "1% of 1,000 periods"),
        ({"group": GroupLimits(periods=100, throttled=10)}, "throttling", "limit", "stopped in 10%"),
        ({"memory_available": 389_999_999}, "memory", "limit", "about 390 MB needed"),
        ({"memory_available": 400_000_000}, "memory", "warn", "end other programs"),
        ({"group": GroupLimits(memory_room=200_000_000)}, "memory", "limit", "in the control group"),
        ({"swap_used": 5_000_000}, "swap", "warn", "swapoff -a"),
        ({"clock": ClockState(False, 16_000_000)}, "wall clock", "warn", "timedatectl set-ntp true"),
        ({"clock_source": "hpet", "clock_sources": ("tsc", "hpet")}, "source of time", "warn", "echo tsc > /sys"),
        ({"clock_source": "hpet", "clock_sources": ("hpet",)}, "source of time", "warn", "offers no faster one"),
        ({"clock_source": "jiffies"}, "source of time", "limit", "steps by milliseconds"),
        ({"clock_source": "strange"}, "source of time", "unknown", "strange"),
        ({"is_debug_python": True}, "Python", "limit", "a debug build"),
        ({"uvloop": None}, "uvloop", "limit", "no agent starts"),
        ({"is_virtual": True, "container": "Docker"}, "place", "ok", "a virtual machine, in a container (Docker)"),
    ],
)
def test_a_fact_decides_the_state(changed: dict[str, object], check: str, state: str, words: str) -> None:
    findings = examine(replace(GOOD, **changed), LOAD)  # type: ignore[arg-type]  # each row has a field's type
    (found,) = [finding for finding in findings if finding.check == check]
    assert found.state == state
    assert words in f"{found.seen} {found.why} {found.change}"
    assert exit_code(findings) == (3 if state == "limit" else 0)
    assert bool(found.why) == bool(found.change) == (state in ("warn", "limit"))


def test_a_system_that_tells_little_leaves_checks_unknown() -> None:
    findings = examine(BARE, LOAD)
    assert len(findings) == len(CHECKS)
    assert {finding.check for finding in findings if finding.state == "ok"} == {
        "open files, process",
        "Python",
        "uvloop",
    }
    assert {finding.state for finding in findings} == {"ok", "unknown"}
    assert exit_code(findings) == 0


def test_more_users_than_the_processes_hold_need_more_processes() -> None:
    assert intended_load(100_000, 1) == IntendedLoad(100_000, 5)
    assert intended_load(10_000, 3) == IntendedLoad(10_000, 3)


def test_the_limits_of_an_agent_are_those_of_its_process() -> None:
    assert (MOST_USERS, RESERVED_FILES) == (process.MAX_USERS, process.RESERVED_FILES)
