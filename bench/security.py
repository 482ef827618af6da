"""What TLS and the join token cost, and what strangers who try tokens cost a run.

GRADUAL_BENCH_SECONDS makes the runs shorter.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.fleet import CpuWatch
from bench.fleet_batches import plan_document
from bench.quiet import measure_quietly
from bench.secured import Secured, secured
from bench.servers import nginx_site
from bench.startup import ENVIRONMENT, seconds_to_first_request
from bench.support import (
    LOAD_CORE,
    SYSTEM_CORE,
    answering,
    check_limit,
    free_port,
    pinned,
    plan_of_rates,
    print_table,
    read_summary,
    running,
    started_master,
    tool,
)

SYSTEM_TESTS = Path(__file__).parent.parent / "tests/system"
ROUNDS, USERS = 5, 64
SECONDS = int(os.environ.get("GRADUAL_BENCH_SECONDS", "20"))
MAX_LOSS = 0.03
AGENTS, MAX_CPU_SHARE, MAX_JOIN_MS = 300, 0.6, 100.0
FLOODED_AGENTS, LEASE_S = 30, 10
FLOODS = ((1, 1), (10, 8), (1000, 8), (10, 100))
"""Connections, and calls that each sends at once: the master answers 8 of them, and refuses the others at once."""

MAX_START_S = 1.0


def show_throughput() -> bool:
    """A run over three hosts, with TLS and token and without; True if it is within the limit."""
    sys.path.append(str(SYSTEM_TESTS))
    hosts = import_module("hosts")
    if reason := hosts.why_impossible():
        print(f"  left out: TLS beside plaintext over three hosts: {reason}", flush=True)
        return True
    with closing(hosts.Network()) as network:
        network.add("master", "agent", "target")
        system, address = network["target"], network["master"].address
        with nginx_site((system.address,), system.prefix) as site, secured(address) as files:
            plain = partial(rate_over_hosts, network, site.url, ("--insecure",), ("--insecure",))
            encrypted = partial(rate_over_hosts, network, site.url, files.master, files.agent)
            rates = [(measure_quietly(plain, "plaintext"), measure_quietly(encrypted, "TLS")) for _ in range(ROUNDS)]
    ratio = statistics.median(with_tls / without for without, with_tls in rates)
    before, after = (f"{statistics.median(column):,.0f}" for column in zip(*rates, strict=True))
    title = f"Requests per second over three network namespaces, {USERS} users, medians of {ROUNDS}"
    rows = [("plaintext", before), ("TLS and token", after), ("ratio", f"{ratio:.3f}")]
    print_table(title, ("", "requests/s"), rows)
    return check_limit("TLS and token, of plaintext", ratio, 1 - MAX_LOSS, "", at_most=False)


def rate_over_hosts(network: Any, url: str, master: Sequence[str], agent: Sequence[str]) -> float:
    """Requests per second of a run whose master, agent and target have a host each."""
    address = f"{network['master'].address}:7700"
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        Path(folder, "plan.json").write_text(json.dumps(plan_of_rates(url, SECONDS, USERS)))
        conduct = [tool("gradual-master"), "run", "plan.json", "--listen", address, "-q", "--expect-agents", "1"]
        conduct += ["--allow-saturated", "-o", "json=summary.json", *master]
        serve = [tool("gradual-agent"), "--master", address, *agent]
        on_master = [*network["master"].prefix, *pinned(SYSTEM_CORE, conduct)]
        on_agent = [*network["agent"].prefix, *pinned(LOAD_CORE, serve)]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with running(on_master, stderr=subprocess.PIPE, cwd=folder) as master_run, running(on_agent, **silent):
            _, log = master_run.communicate(timeout=SECONDS + 120)
        return float(read_summary(Path(folder), log)["totals"]["request_rate_rps"])


def over_tls(agents: int, files: Secured, strangers: Sequence[str] = ()) -> dict[str, Any]:
    """A master on one core, simulated agents on the other; what it cost, and what the agents saw.

    `strangers`: the arguments of `bench.wrong_tokens`, which runs beside the agents.
    """
    port = free_port()
    options = ["--interval", "1s", "--lease", f"{LEASE_S}s", "--allow-missing", "100%", "--allow-saturated"]
    plan = plan_document(agents, SECONDS)
    with started_master(plan, agents, *options, *files.master, stderr=subprocess.DEVNULL, port=port) as (master, _):
        watch = CpuWatch(master.pid, pause_s=0.02)
        watch.start()
        simulation = ["bench.fleet_streams", f"127.0.0.1:{port}", str(agents), str(SECONDS), files.passed_on]
        load = pinned(LOAD_CORE, [sys.executable, "-m", *simulation])
        with running(load, stdout=subprocess.PIPE) as simulated:
            flood = None
            if strangers:
                time.sleep(SECONDS / 4)  # The run is under load.
                attack = [sys.executable, "-m", "bench.wrong_tokens", str(port), files.ca, *strangers, str(SECONDS / 2)]
                flood = subprocess.run(pinned(LOAD_CORE, attack), capture_output=True, text=True, check=True)
            output, _ = simulated.communicate(timeout=SECONDS + 120)
        result: dict[str, Any] = json.loads(output)
        result["code"] = master.wait(30)
    first, last = min(result["dialled"]), max(result["joined"])
    result["join_cpu_ms"] = watch.spent(first, last) / agents * 1000
    result["join_s"] = last - first
    result["cpu"] = watch.spent(last + 2, last + SECONDS - 1) / (SECONDS - 3)
    return result | (json.loads(flood.stdout) if flood else {})


def show_fleet() -> bool:
    """300 agents with TLS, certificates of both sides and a token; True if the limits are met."""
    with secured("127.0.0.1") as files:
        seen = measure_quietly(partial(over_tls, AGENTS, files), f"{AGENTS} agents")
    rows = [
        ("CPU of the master", f"{seen['cpu']:.0%}"),
        ("CPU per join, ms", f"{seen['join_cpu_ms']:.1f}"),
        ("all joined after, s", f"{seen['join_s']:.2f}"),
        ("ping p99, ms", f"{seen['ping_p99_ms']:.1f}"),
        ("streams and leases lost", f"{seen['lost'] + seen['expired']}"),
    ]
    print_table(f"The master with {AGENTS} agents over TLS, every 1s", ("", ""), rows)
    return all(
        [
            check_limit(f"{AGENTS} agents over TLS: CPU of the master", seen["cpu"], MAX_CPU_SHARE, " of a core"),
            check_limit("each joins: time of the master", seen["join_cpu_ms"], MAX_JOIN_MS, " ms"),
            check_limit("streams and leases lost", seen["lost"] + seen["expired"], 0, ""),
        ]
    )


def show_floods() -> bool:
    """Wrong tokens, as fast as one core sends them, while a fleet runs; True if pings stay within their limit."""
    rows: list[tuple[str, ...]] = []
    worst, lost = 0.0, 0
    with secured("127.0.0.1", mutual=False) as files:
        for connections, ahead in (None, None), *FLOODS:
            strangers = () if connections is None else (str(connections), str(ahead))
            seen = measure_quietly(partial(over_tls, FLOODED_AGENTS, files, strangers), f"wrong tokens {strangers}")
            worst, lost = max(worst, seen["ping_p99_ms"]), lost + seen["lost"] + seen["expired"]
            rows.append(
                (
                    "nobody" if connections is None else f"{connections:,} × {ahead}",
                    f"{seen.get('sent_rps', 0):,.0f}",
                    f"{seen['cpu']:.0%}",
                    f"{seen['ping_p99_ms']:.1f}",
                    f"{seen['ping_max_ms']:.1f}",
                    str(seen["lost"] + seen["expired"]),
                )
            )
    header = ("connections × calls", "attempts/s", "CPU", "ping p99 ms", "max ms", "lost")
    print_table(f"{FLOODED_AGENTS} agents, and strangers with a wrong token on the agents' core", header, rows)
    return all(
        [
            check_limit("pings of the agents, p99", worst, LEASE_S * 1000 / 3, " ms"),
            check_limit("streams and leases lost", lost, 0, ""),
        ]
    )


def seconds_with_tls(files: Secured) -> float:
    """From the start of a master and an agent, at the same time, to the first request at our own server."""
    with answering(time.perf_counter) as (url, arrived), tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        plan = plan_of_rates(url, 1, 1)
        Path(folder, "plan.json").write_text(json.dumps(plan))
        address = f"127.0.0.1:{free_port()}"
        silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        conduct = [tool("gradual-master"), "run", "plan.json", "--listen", address, "--expect-agents", "1", "-q"]
        serve = [tool("gradual-agent"), "--master", address, *files.agent]
        started = time.perf_counter()
        with (
            running([*conduct, *files.master], env=ENVIRONMENT, **silent) as master,
            running(serve, env=ENVIRONMENT, **silent),
        ):
            master.wait(60)
        return arrived[0] - started


def show_start() -> bool:
    """The first request with TLS and token, beside that of `gradual run`, whose limit is that of `startup`."""
    with secured("127.0.0.1") as files:
        rounds = [
            (
                measure_quietly(seconds_to_first_request, "gradual run"),
                measure_quietly(partial(seconds_with_tls, files), "TLS"),
            )
            for _ in range(ROUNDS)
        ]
    plain, encrypted = (statistics.median(column) for column in zip(*rounds, strict=True))
    rows = [("gradual run", f"{plain:.2f}"), ("master and agent, TLS and token", f"{encrypted:.2f}")]
    print_table(f"The first request, medians of {ROUNDS}", ("", "s"), rows)
    return check_limit("gradual run to the first request", plain, MAX_START_S, " s")


def main() -> bool:
    """Print all tables; True if every limit is met."""
    return all([show_start(), show_throughput(), show_fleet(), show_floods()])
