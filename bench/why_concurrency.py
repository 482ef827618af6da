"""What a ramp of users finds on the demo bank, and what a constant rate with the same mean throughput shows.

The plan is `examples/demo.yaml` with levels that are long enough to be steady. Then vegeta sends the same mix of
requests, evenly spaced, at the mean throughput of that ramp; and once more at a rate above the largest throughput of
the ramp, which only a test by rate can send. The reports are written to `bench/.work/why_concurrency`; the page
docs/why-concurrency.md is written from the output.

vegeta sends at its rate whether or not responses have come (an open model); its number of connections is not limited,
so that it never waits. It keeps no state between requests: it logs in, but each of its other requests has a token that
was issued before.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.peers import WORK, install_vegeta
from bench.support import check_limit, free_port, print_table, running, tool
from gradual.demo.accounts import password_of, username_of

EXAMPLES = Path(__file__).parent.parent / "examples"
REPORTS = WORK / "why_concurrency"
LEVEL_S = int(os.environ.get("GRADUAL_BENCH_LEVEL_S", "60"))
"""Below 50 s no level can be shown to be steady, and the answer says so."""

RATE_S, ABOVE_S = 60, 20
"""The lengths of the two runs at a constant rate. At the larger one the queue grows without end."""

OBJECTIVE_MS = 500.0
ABOVE = 1.1
"""The larger constant rate, as a multiple of the ramp's largest throughput."""

OPEN = frozenset({"login", "rates", "register"})
"""Actions that need no token."""

Action = dict[str, Any]


@contextmanager
def demo_bank() -> Iterator[str]:
    """The URL of a demo bank in its own process."""
    port = free_port()
    command = [tool("gradual"), "demo-server", "--port", str(port)]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as bank:
        assert bank.stdout is not None
        bank.stdout.readline()  # it listens
        yield f"http://127.0.0.1:{port}"


def read_plan(url: str) -> dict[str, Any]:
    """The demo's plan against `url`, with long levels, an objective on p95, and the ledger watched."""
    plan: dict[str, Any] = yaml.safe_load((EXAMPLES / "demo.yaml").read_text())
    ramp = plan["config"]["ramp_up"]
    levels = ramp["max_concurrency"] // ramp["increment"]
    ramp["interval"] = f"{LEVEL_S}s"
    plan["config"] |= {"base_url": url, "duration": f"{LEVEL_S * levels}s"}
    plan["thresholds"] = [f"p95 < {OBJECTIVE_MS:g}ms", "error_rate < 1%"]
    page = {"exporter": f"{url}/metrics"}
    plan["watch"] = {
        "ledger": {**page, "metric": "bank_ledger_seconds_total", "rate": True, "scale": 100, "unit": "%"},
        "waiting": {**page, "metric": "bank_ledger_waiting"},
    }
    return plan


def run_ramp(plan: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The summary of the ramp, and the end of the console's output; also writes the HTML report."""
    (REPORTS / "plan.yaml").write_text(json.dumps(plan))  # JSON is YAML
    shutil.copy(EXAMPLES / "users.csv", REPORTS)
    command = [tool("gradual"), "run", "plan.yaml", "--store", "none", "-o", "json=ramp.json", "-o", "html=ramp.html"]
    done = subprocess.run(command, cwd=REPORTS, capture_output=True, text=True, timeout=LEVEL_S * 20, check=False)
    (REPORTS / "ramp.txt").write_text(done.stdout)
    summary: dict[str, Any] = json.loads((REPORTS / "ramp.json").read_text())
    return summary, done.stdout


def issue_tokens(url: str, number: int) -> list[str]:
    """Tokens of so many logins."""

    def log_in(customer: int) -> str:
        body = json.dumps({"username": username_of(customer), "password": password_of(customer)}).encode()
        request = urllib.request.Request(f"{url}/api/auth/login", body, method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            return str(json.load(response)["data"]["token"])

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(log_in, (n % 1000 + 1 for n in range(number))))


def spread(weights: Mapping[str, int], number: int) -> list[str]:
    """So many names in proportion to their weights, each as evenly spaced as possible."""
    total, credit, names = sum(weights.values()), dict.fromkeys(weights, 0), []
    for _ in range(number):
        for name, weight in weights.items():
            credit[name] += weight
        chosen = max(credit, key=lambda name: credit[name])
        credit[chosen] -= total
        names.append(chosen)
    return names


def targets_of(url: str, actions: Mapping[str, Action], names: Sequence[str]) -> Iterator[str]:
    """A line for each request, in vegeta's JSON format. A logout has a token that nothing else uses."""
    tokens = issue_tokens(url, names.count("logout") + 100)
    for number, name in enumerate(names):
        action = actions[name]
        target: dict[str, Any] = {"method": action.get("method", "GET"), "url": url + action["url"]}
        if name not in OPEN:
            token = tokens.pop() if name == "logout" else tokens[number % 100]
            target["header"] = {"Authorization": [f"Bearer {token}"]}
        if body := body_of(name, number):
            target["body"] = base64.b64encode(json.dumps(body).encode()).decode()
        yield json.dumps(target)


def body_of(name: str, number: int) -> dict[str, Any] | None:
    """What a request sends."""
    customer = number % 1000 + 1
    bodies: dict[str, dict[str, Any]] = {
        "login": {"username": username_of(customer), "password": password_of(customer)},
        "transfer": {"to": customer, "amount_cents": 1},
        "register": {"name": f"guest {number}"},
    }
    return bodies.get(name)


def attack(vegeta: Path, name: str, rate: float, seconds: int, url: str, ramp: Mapping[str, Any]) -> dict[str, Any]:
    """A run at a constant rate with the ramp's mix of requests: vegeta's report, with the bank's peak of requests."""
    weights: dict[str, int] = {}
    for row in ramp["actions"]:
        action = row["step"].partition("#")[0]
        weights[action] = weights.get(action, 0) + row["requests"]
    actions = yaml.safe_load((EXAMPLES / "demo.yaml").read_text())["actions"]
    lines = targets_of(url, actions, spread(weights, round(rate * seconds)))
    (REPORTS / f"{name}.targets").write_text("\n".join(lines))
    urllib.request.urlopen(f"{url}/reset", timeout=10).close()
    results = f"{name}.bin"
    command = [str(vegeta), "attack", "-format=json", f"-targets={name}.targets", f"-rate={round(rate * 60)}/1m"]
    command += [f"-duration={seconds}s", "-timeout=120s", f"-output={results}"]
    subprocess.run(command, cwd=REPORTS, check=True, timeout=seconds + 200)
    text = subprocess.run([str(vegeta), "report", results], cwd=REPORTS, capture_output=True, text=True, check=True)
    (REPORTS / f"{name}.txt").write_text(text.stdout)
    print(f"\nvegeta, {rate:.0f}/s\n{text.stdout}")
    read = [str(vegeta), "report", "-type=json", results]
    report: dict[str, Any] = json.loads(subprocess.run(read, cwd=REPORTS, capture_output=True, check=True).stdout)
    with urllib.request.urlopen(f"{url}/stats", timeout=10) as response:
        return {**report, "peak": json.load(response)["peak_concurrent"]}


def level_rows(levels: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """A row of the table for each level."""
    for row in levels:
        times, watch = row["response_time_ms"], row["watch"]
        yield (
            f"{row['target']:g}",
            f"{row['throughput_rps']:.1f}",
            f"{times['p50']:.0f}",
            f"{times['p95']:.0f}",
            f"{watch['ledger']:.0f}",
            f"{watch['waiting']:.1f}",
            "no" if row["steady_from_s"] is None else "yes",
        )


def rate_row(report: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of the table for a run at a constant rate."""
    times = {name: f"{value / 1e6:.0f}" for name, value in report["latencies"].items()}
    answered = f"{report['throughput']:.1f}"
    return (f"{report['rate']:.1f}/s", answered, times["50th"], times["95th"], times["max"], f"{report['peak']}")


def main() -> bool:
    """Run both, print the tables; True if each shows what the page says."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    with demo_bank() as url:
        ramp, console = run_ramp(read_plan(url))
        print(console)
        levels = ramp["levels"]
        columns = ("users", "ok/s", "p50 ms", "p95 ms", "ledger %", "waiting", "steady")
        print_table(f"The ramp, {LEVEL_S} s for each level", columns, list(level_rows(levels)))
        met = judge_ramp(ramp)
        vegeta = install_vegeta()
        if vegeta is None:
            print("  vegeta is not installed, and Go is absent: the constant rate is left out")
            return met
        mean = ramp["totals"]["throughput_rps"]
        most = max(row["throughput_rps"] for row in levels)
        same = attack(vegeta, "mean_rate", mean, RATE_S, url, ramp)
    with demo_bank() as url:  # without what still waits in the other one
        above = attack(vegeta, "above", most * ABOVE, ABOVE_S, url, ramp)
    header = ("rate", "ok/s", "p50 ms", "p95 ms", "max ms", "at once")
    print_table(f"Constant rates, for {RATE_S} s and {ABOVE_S} s", header, [rate_row(same), rate_row(above)])
    return judge_rates(same, above, levels) and met


def judge_ramp(ramp: Mapping[str, Any]) -> bool:
    """Whether the ramp has found the peak, within its levels."""
    found = ramp["analysis"]["scalability"]
    users = found["n_peak"]["value"] if found["peak"] == "measured" else float("inf")
    return check_limit("users at the peak of throughput", users, ramp["levels"][-1]["target"], "")


def judge_rates(same: Mapping[str, Any], above: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the mean rate passes the objective that the ramp fails, and the larger one does not."""
    p95 = [report["latencies"]["95th"] / 1e6 for report in (same, above)]
    last = levels[-1]["response_time_ms"]["p95"]
    limits = [
        check_limit("p95 at the ramp's mean rate", p95[0], OBJECTIVE_MS, " ms"),
        check_limit("success at the ramp's mean rate", same["success"], 1.0, "", at_most=False),
        check_limit(f"p95 at {ABOVE:g} × the ramp's peak", p95[1], OBJECTIVE_MS, " ms", at_most=False),
        check_limit("p95 at the largest level", last, OBJECTIVE_MS, " ms", at_most=False),
    ]
    return all(limits)


if __name__ == "__main__":
    raise SystemExit(not main())
