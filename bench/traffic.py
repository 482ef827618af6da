"""Largest request rate of one agent core, by kind of traffic, compared with other generators in the same run.

One nginx worker on the first core answers. Each generator has the second core for itself and uses 64 connections
without think time. Gradual runs with all its work: assertions, histograms, metrics per step. The rows and generators
take turns, those that are compared one right after the other, as the speed of a machine drifts. The tables show medians
of the rates; a ratio is the median of the ratios of the rounds.

Rows: one file, of which every head is the same (`static`); a request id in every head (`varied`); a Set-Cookie in every
response (`cookie`); two holes in the URL and one in a header, a value out of JSON, the status asserted (`holes`); a
JSON body with three holes and a bearer token (`post`); `varied` over TLS (`tls`); 20 KB of JSON, compressed, with two
assertions on the body (`gzip`); 100 KB (`large`). Then a full TLS handshake per request, by CPU time beside
`openssl s_time`.
"""

from __future__ import annotations

import re
import resource
import statistics
from functools import partial
from typing import Any

from bench import peers
from bench.peers import SECONDS, USERS, Generator
from bench.quiet import measure_quietly
from bench.servers import Site, nginx_site
from bench.support import CpuWatch, check_limit, print_table, run_fleet

ROUNDS = 5

FAST: list[dict[str, Any]] = [{"status_code": 200}, {"response_time": "< 5s"}]
BEARER = {"Authorization": "Bearer {{token}}"}
PAYMENT = {"from": "{{vu.slot}}", "to": "account-{{vu.iteration}}", "reference": "{{vu.group}}", "amount": 12.5}

ACTIONS: dict[str, dict[str, Any]] = {
    "static": {"url": "/rates", "assertions": FAST},
    "varied": {"url": "/varied", "assertions": FAST},
    "cookie": {"url": "/cookie", "assertions": FAST},
    "holes": {
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
    "tls": {"url": "/varied", "assertions": FAST},
    "gzip": {
        "url": "/report",
        "assertions": [{"json": {"path": "count", ">": 0}}, {"body_contains": "items"}],
    },
    "large": {"url": "/large", "assertions": FAST},
    "handshake": {"url": "/rates", "assertions": FAST},
}

TURNS = (
    ("goose", "static"), ("wrk", "static"), ("gradual", "static"),
    ("gradual", "varied"), ("gradual", "tls"), ("gradual", "cookie"), ("gradual", "post"),
    ("gradual", "holes"), ("goose", "holes"), ("locust", "holes"),
    ("gradual", "gzip"), ("goose", "gzip"), ("locust", "gzip"),
    ("gradual", "large"), ("wrk", "large"), ("vegeta", "large"),
    ("vegeta", "static"), ("locust", "static"), ("wrk", "varied"),
)  # fmt: skip
"""The turns of a round: (generator, row)."""

LIMITS = (
    ("static", "wrk", "static", 0.7),
    ("static", "goose", "static", 1.4),
    ("varied", "gradual", "static", 0.85),
    ("cookie", "gradual", "static", 0.5),
    ("holes", "gradual", "static", 0.55),
    ("holes", "locust", "holes", 4.0),
    ("holes", "goose", "holes", 1.0),
    ("post", "gradual", "static", 0.5),
    ("tls", "gradual", "varied", 0.7),
)
"""Gradual's rate of a row, divided by the rate of a generator and row: at least this."""

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
    summary = run_fleet(plan_of(row, site))
    if summary["totals"]["failures"]:
        raise SystemExit(f"gradual, {row}: {summary['totals']['failures']} failures: {summary['errors']}")
    return float(summary["levels"][-1]["request_rate_rps"])


def measure_rates(site: Site) -> dict[tuple[str, str], list[float]]:
    """The rate of each round, by row and generator."""
    measures: dict[str, Generator] = {"gradual": lambda _, row: with_gradual(site, row), **peers.installed()}
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        for name, row in TURNS:
            if name not in measures:
                continue
            label = f"round {number + 1}, {row}, {name}"
            rate = measure_quietly(partial(measures[name], site.url, row), label)
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


def main() -> bool:
    """Print the tables; True if every limit is met."""
    with nginx_site() as site:
        rates = measure_rates(site)
        ours, theirs = measure_handshakes(site)
    names = sorted({name for _, name in rates}, key=["gradual", "wrk", "goose", "vegeta", "locust"].index)
    rows = [
        (row, *(f"{statistics.median(rates[row, name]):,.0f}" if (row, name) in rates else "" for name in names))
        for row in ACTIONS
        if row != "handshake"
    ]
    title = f"Requests/s of one core, {USERS} connections, no think time, medians of {ROUNDS}"
    print_table(title, ("traffic", *names), rows)
    met = [
        check_limit(
            f"{row} ÷ {other} of {name}", ratio_of(rates[row, "gradual"], rates[other, name]), limit, "", at_most=False
        )
        for row, name, other, limit in LIMITS
        if (other, name) in rates
    ]
    print(f"\nCPU of a request with a full handshake: gradual {ours:.0f} µs, openssl s_time {theirs:.0f} µs")
    return all([*met, check_limit("handshake ÷ openssl", ours / theirs, MAX_HANDSHAKE_RATIO, "")])
