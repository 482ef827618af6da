"""Reads the facts of this host: the only part of the doctor that does I/O.

Sources: proc(5); Linux's Documentation/networking/ip-sysctl.rst, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1,
Documentation/admin-guide/sysctl/fs.rst, Documentation/networking/nf_conntrack-sysctl.rst.
"""

from __future__ import annotations

import importlib
import platform
import resource
import ssl
import sysconfig
from typing import Any

from gradual.doctor.host.facts import UNLIMITED, HostFacts
from gradual.doctor.host.groups import read_limits
from gradual.doctor.host.kernel_clock import read_clock_state
from gradual_agent.process.cores import usable_cores
from gradual_common.process.kernel_files import KernelFiles, whole

CLOCK = "sys/devices/system/clocksource/clocksource0"


def read_host(files: KernelFiles) -> HostFacts:
    """All facts of this host."""
    return HostFacts(
        system=platform.system(),
        cores=usable_cores(),
        clock=read_clock_state(),
        **read_files(files),
        **read_network(files),
        **read_processor(files),
        **read_memory(files),
        **read_software(),
    )


def read_files(files: KernelFiles) -> dict[str, Any]:
    """The limits of open files."""
    soft, hard = file_limits(files)
    in_use = files.words("proc/sys/fs/file-nr")
    return {
        "soft_files": soft,
        "hard_files": hard,
        "host_files": files.number("proc/sys/fs/file-max"),
        "open_files": whole(in_use[0]) if in_use else None,
        "max_hard_files": files.number("proc/sys/fs/nr_open"),
    }


def file_limits(files: KernelFiles) -> tuple[int, int]:
    """The soft and the hard limit of this process: of /proc/self/limits, or by getrlimit where there is none."""
    for line in (files.text("proc/self/limits") or "").splitlines():
        if line.startswith("Max open files"):
            soft, hard = (UNLIMITED if word == "unlimited" else int(word) for word in line.split()[3:5])
            return soft, hard
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (UNLIMITED if limit == resource.RLIM_INFINITY else limit for limit in limits)
    return soft, hard


def read_network(files: KernelFiles) -> dict[str, Any]:
    """Ports, connections that wait, tracked connections, IPv6."""
    numbers = [whole(word) for word in files.words("proc/sys/net/ipv4/ip_local_port_range")]
    ports = (numbers[0], numbers[1]) if len(numbers) == 2 and None not in numbers else None
    timestamps = files.number("proc/sys/net/ipv4/tcp_timestamps")
    is_ipv6_off = files.number("proc/sys/net/ipv6/conf/all/disable_ipv6")
    return {
        "ports": ports,
        "reserved_ports": reserved(files.text("proc/sys/net/ipv4/ip_local_reserved_ports") or "", ports),
        "tw_reuse": files.number("proc/sys/net/ipv4/tcp_tw_reuse"),
        "has_timestamps": None if timestamps is None else timestamps > 0,
        "time_wait": time_wait(files.text("proc/net/sockstat") or ""),
        "somaxconn": files.number("proc/sys/net/core/somaxconn"),
        "syn_backlog": files.number("proc/sys/net/ipv4/tcp_max_syn_backlog"),
        "tracked_max": files.number("proc/sys/net/netfilter/nf_conntrack_max"),
        "tracked": files.number("proc/sys/net/netfilter/nf_conntrack_count"),
        "has_ipv6": is_ipv6_off == 0 if files.has("proc/sys/net/ipv4") else None,
    }


def reserved(text: str, ports: tuple[int | None, int | None] | None) -> int:
    """How many ports of the range are in a list like `8080,9000-9010`."""
    if ports is None or None in ports:
        return 0
    inside = range(ports[0] or 0, (ports[1] or 0) + 1)
    listed: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        listed.update(range(int(first), int(last or first) + 1))
    return sum(port in inside for port in listed)


def time_wait(sockstat: str) -> int | None:
    """The number after `tw` in the line of TCP."""
    for line in sockstat.splitlines():
        words = line.split()
        if words[:1] == ["TCP:"] and "tw" in words[:-1]:
            return whole(words[words.index("tw") + 1])
    return None


def read_processor(files: KernelFiles) -> dict[str, Any]:
    """Frequency, time lost to the hypervisor, limits of the container, source of time."""
    info = files.text("proc/cpuinfo")
    return {
        "governors": tuple(
            dict.fromkeys(files.matching("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")),
        ),
        "steal": steal(files.words("proc/stat")),
        "group": read_limits(files),
        "clock_source": files.text(f"{CLOCK}/current_clocksource"),
        "clock_sources": tuple(files.words(f"{CLOCK}/available_clocksource")),
        "is_virtual": None if info is None else " hypervisor" in info or files.has("sys/hypervisor/type"),
        "container": container(files),
    }


def steal(stat: list[str]) -> float | None:
    """Of /proc/stat: stolen time as a share of the time that the cores worked or wanted to."""
    if stat[:1] != ["cpu"] or len(stat) < 9:
        return None
    user, nice, system, _, _, irq, softirq, stolen = map(int, stat[1:9])
    wanted = user + nice + system + irq + softirq + stolen
    return stolen / wanted if wanted else None


def container(files: KernelFiles) -> str | None:
    """The kind of container, by the file that its engine leaves in it."""
    if files.has("var/run/secrets/kubernetes.io"):
        return "Kubernetes"
    if files.has(".dockerenv"):
        return "Docker"
    return "Podman" if files.has("run/.containerenv") else None


def read_memory(files: KernelFiles) -> dict[str, Any]:
    """Available memory, and swap in use, in bytes; the kernel writes `123 kB`."""
    sizes = {key: whole(value.split()[0]) for key, value in files.fields("proc/meminfo").items()}
    available, total, free = (sizes.get(key) for key in ("MemAvailable", "SwapTotal", "SwapFree"))
    return {
        "memory_available": None if available is None else 1024 * available,
        "swap_used": None if total is None or free is None else 1024 * (total - free),
    }


def read_software() -> dict[str, Any]:
    """Python and the libraries that do the work."""
    try:
        uvloop = str(importlib.import_module("uvloop").__version__)
    except ImportError:
        uvloop = None
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "is_debug_python": bool(sysconfig.get_config_var("Py_DEBUG")),
        "uvloop": uvloop,
        "openssl": ssl.OPENSSL_VERSION,
    }
