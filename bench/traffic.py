"""Largest request rate of one agent core, by kind of traffic, compared with other generators in the same run.

One nginx worker on the first core answers. Each generator has the second core for itself and uses 64 connections
without think time. Gradual runs with all its work: assertions, histograms, metrics per step. The rows and generators
take turns, those that are compared one right after the other, as the speed of a machine drifts. The tables show medians
of the rates; a ratio is the median of the ratios of the rounds.

Rows: one file, of which every head is the same (`static`); a request id in every head (`varied`); a Set-Cookie in every
response (`cookie`); two holes in the URL (`holes`); that with a bearer token, a value out of JSON and the status
asserted (`json`); one GET by a Python action (`python`); a JSON body with three holes and a bearer token (`post`);
`varied` over TLS (`tls`); 20 KB of JSON, compressed, with two assertions on the body (`gzip`); 100 KB (`large`). Then a
full TLS handshake per request, by CPU time beside `openssl s_time`.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from bench import peers
from bench.peers import SECONDS, USERS, Generator
from bench.quiet import measure_quietly
from bench.servers import Site, nginx_site
from bench.support import CpuWatch, check_limit, print_table, run_fleet

ROUNDS = int(os.environ.get("GRADUAL_BENCH_ROUNDS", "5"))

FAST: list[dict[str, Any]] = [{"status_code": 200}, {"response_time": "< 5s"}]
BEARER = {"Authorization": "Bearer {{token}}"}
PAYMENT = {"from": "{{vu.slot}}", "to": "account-{{vu.iteration}}", "reference": "{{vu.group}}", "amount": 12.5}

ACTIONS: dict[str, dict[str, Any]] = {
    "static": {"url": "/rates", "assertions": FAST},
    "varied": {"url": "/varied", "assertions": FAST},
    "cookie": {"url": "/cookie", "assertions": FAST},
    "holes": {"url": "/accounts/{{vu.slot}}/{{vu.iteration}}"},
    "json": {
        "url": "/accounts/{{vu.slot}}/{{vu.iteration}}",
        "headers": BEARER,
        "extract": {"found": "json: data.token"},
        "assertions": [{"status_code": 200}],
    },
    "post": {
        "method": "POST",
        "url": "/transfers",
        "headers": BEARER,
        "body": PAYMENT,
        "assertions": [{"status_code": 201}],
    },
    "python": {"python": "bench_action:fetch"},
    "tls": {"url": "/varied", "assertions": FAST},
    "gzip": {
        "url": "/report",
        "assertions": [{"json": {"path": "count", ">": 0}}, {"body_contains": "items"}],
    },
    "large": {"url": "/large", "assertions": FAST},
    "handshake": {"url": "/rates", "assertions": FAST},
}

TURNS = (
    ("static", ("goose", "wrk", "gradual", "vegeta", "locust")),
    ("varied", ("wrk", "gradual", "goose", "vegeta", "locust")),
    ("tls", ("wrk", "gradual", "goose", "vegeta", "locust")),
    ("cookie", ("goose", "gradual", "locust")),
    ("holes", ("wrk", "gradual", "goose", "vegeta", "locust")),
    ("json", ("gradual", "goose", "locust")),
    ("python", ("gradual", "locust")),
    ("post", ("gradual",)),
    ("gzip", ("gradual", "goose", "locust")),
    ("large", ("gradual", "wrk", "vegeta")),
)
"""The turns of a round: a row, and the generators that can do it."""

LIMITS = (
    ("static", "wrk", "static", 0.7),
    ("static", "goose", "static", 1.4),
    ("varied", "gradual", "static", 0.85),
    ("cookie", "gradual", "static", 0.5),
    ("json", "gradual", "static", 0.55),
    ("json", "locust", "json", 4.0),
    ("json", "goose", "json", 1.0),
    ("post", "gradual", "static", 0.5),
    ("tls", "gradual", "varied", 0.7),
)
"""Gradual's rate of a row, divided by the rate of a generator and row: at least this."""

MODULE = """
async def fetch(user):
    await user.http.get("/rates")
"""
"""The Python action. Locust's tasks are Python too."""

MAX_HANDSHAKE_RATIO = 1.5


def plan_of(row: str, site: Site) -> dict[str, Any]:
    """The plan of one row."""
    actions = {"work": ACTIONS[row]}
    group: dict[str, Any] = {"name": "customer", "concurrency": USERS, "behavior": [{"action": "work"}]}
    level = {"strategy": "levels", "levels": [{"concurrency": USERS}]}
    # In the first second the agent connects its users and Python specialises its code: it is not counted, as the peers
    # do not count theirs.
    phases = [
        {"name": "start", "duration": "1s", "warm_up": True, "ramp_up": level},
        {"name": "measured", "duration": f"{SECONDS}s", "ramp_up": level},
    ]
    config: dict[str, Any] = {"name": row, "base_url": site.url, "phases": phases, "graceful_stop": "2s"}
    if "headers" in ACTIONS[row]:
        actions["login"] = {"url": "/login", "extract": {"token": "json: token"}}
        group["on_start"] = [{"action": "login"}]
    if row in ("tls", "handshake"):
        config |= {"base_url": site.tls_url, "tls": {"ca": site.ca}}
    if row == "handshake":
        group["connections"] = "close"
    return {"config": config, "users": [group], "actions": actions}


def with_gradual(site: Site, row: str) -> float:
    """Requests per second of one agent."""
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        Path(folder, "bench_action.py").write_text(MODULE)
        summary = run_fleet(plan_of(row, site), agent_options=("--allow-code", folder))
    if summary["totals"]["failures"]:
        raise SystemExit(f"gradual, {row}: {summary['totals']['failures']} failures: {summary['errors']}")
    return float(summary["levels"][-1]["request_rate_rps"])


def measure_rates(site: Site) -> dict[tuple[str, str], list[float]]:
    """The rate of each round, by row and generator."""
    measures: dict[str, Generator] = {"gradual": with_gradual, **peers.installed()}
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        for row, name in ((row, name) for row, names in TURNS for name in names if name in measures):
            label = f"round {number + 1}, {row}, {name}"
            rate = measure_quietly(partial(measures[name], site, row), label)
            if rate is not None:
                found.setdefault((row, name), []).append(rate)
    return found


def ratio_of(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios of the rounds."""
    return statistics.median(rate / other for rate, other in zip(ours, theirs, strict=True))


def measure_handshakes(site: Site) -> tuple[float, float]:
    """CPU µs of a request with a full handshake, of an agent (its start included) and of `openssl s_time`; medians."""
    pairs = [
        (
            measure_quietly(partial(handshakes_of_gradual, site), f"round {number + 1}, handshakes of gradual"),
            measure_quietly(partial(handshakes_of_openssl, site), f"round {number + 1}, handshakes of openssl"),
        )
        for number in range(ROUNDS)
    ]
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(theirs)


def handshakes_of_gradual(site: Site) -> float:
    watch = CpuWatch()
    summary = run_fleet(plan_of("handshake", site), watch=watch)
    return watch.seconds / float(summary["totals"]["requests"]) * 1e6


def handshakes_of_openssl(site: Site) -> float:
    host = site.tls_url.removeprefix("https://")
    command = ["openssl", "s_time", "-connect", host, "-new", "-time", f"{SECONDS}", "-CAfile", site.ca]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = peers.run([*command, "-verify", "1", "-tls1_3", "-www", "/rates"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    match = re.search(r"(\d+) connections in", output)
    if match is None:
        raise SystemExit(f"openssl s_time printed no count: {output[-500:]}")
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / int(match[1]) * 1e6


def show_rates(rates: dict[tuple[str, str], list[float]]) -> None:
    """Print Gradual's rates, and its ratios to those that did the same in the same round."""
    names = sorted({name for _, name in rates} - {"gradual"}, key=["wrk", "goose", "vegeta", "locust"].index)
    rows = []
    for row, _ in TURNS:
        ours = rates[row, "gradual"]
        cells = [f"{ratio_of(ours, rates[row, name]):.2f} ×" if (row, name) in rates else "" for name in names]
        rows.append((row, f"{statistics.median(ours):,.0f}", *cells))
    title = f"Requests/s of one core, {USERS} connections, no think time; ratios to others; medians of {ROUNDS}"
    print_table(title, ("traffic", "gradual", *(f"÷ {name}" for name in names)), rows)


def main() -> bool:
    """Print the tables; True if every limit is met."""
    with nginx_site() as site:
        rates = measure_rates(site)
        ours, theirs = measure_handshakes(site)
    show_rates(rates)
    met = [
        check_limit(
            f"{row} ÷ {other} of {name}", ratio_of(rates[row, "gradual"], rates[other, name]), limit, "", at_most=False
        )
        for row, name, other, limit in LIMITS
        if (other, name) in rates
    ]
    print(f"\nCPU of a request with a full handshake: gradual {ours:.0f} µs, openssl s_time {theirs:.0f} µs")
    return all([*met, check_limit("handshake ÷ openssl", ours / theirs, MAX_HANDSHAKE_RATIO, "")])
