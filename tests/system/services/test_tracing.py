"""`trace`: what a server gets, and that the reports name the same traces, sample by sample."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # ships no type information
import pytest
from fleet_processes import BIN, Fleet
from traced_server import TracedServer, traced_server

USERS, TIMES = 3, 4


@pytest.fixture(name="server")
def make_server() -> Iterator[TracedServer]:
    with traced_server() as server:
        yield server


def plan(url: str) -> dict[str, Any]:
    return {
        "config": {"name": "traced", "base_url": url, "duration": "60s", "seed": 5},
        "services": {"ledger": {"trace": True}},
        "users": [
            {"name": "a", "concurrency": USERS, "iterations": TIMES, "behavior": ["plain", "post", "broken", "hop"]}
        ],
        "actions": {
            "plain": {"url": "/plain"},
            "post": {"service": "ledger", "url": "/post/{{vu.slot}}"},
            "broken": {"service": "ledger", "url": "/fail"},
            "hop": {"service": "ledger", "url": "/hop"},
        },
        "thresholds": [],
    }


@pytest.mark.parametrize("agents", [1, 2])
def test_the_reports_name_the_traces_that_the_server_got(
    server: TracedServer, fleet: Fleet, tmp_path: Path, agents: int
) -> None:
    outcome = fleet.run(plan(server.url), agents, "-o", f"parquet={tmp_path / 'samples'}")
    number = USERS * TIMES
    assert Counter(path.rsplit("/", 1)[0] if path.startswith("/post") else path for path, _ in server.seen) == {
        **dict.fromkeys(("/plain", "/post", "/fail", "/hop", "/there"), number)
    }, outcome.output[-4000:]
    assert {trace for path, trace in server.seen if path == "/plain"} == {""}
    got = {path: sorted(trace for at, trace in server.seen if at == path) for path in ("/fail", "/hop", "/there")}
    assert got["/hop"] == got["/there"], "a hop belongs to the trace of its request"
    traces = {trace[3:35] for _, trace in server.seen if trace}
    assert len(traces) == 3 * number, "each action has its own"

    table = pq.read_table(tmp_path / "samples", columns=["step", "trace_id"]).to_pydict()
    rows = list(zip(table["step"], table["trace_id"], strict=True))
    assert [trace for step, trace in rows if step == "plain"] == [None] * number
    assert {trace.hex() for step, trace in rows if step != "plain"} == traces
    assert {trace.hex() for step, trace in rows if step == "broken"} == {trace[3:35] for trace in got["/fail"]}

    assert outcome.summary is not None
    failed = outcome.summary["error_samples"]
    assert failed
    assert {sample["trace_id"] for sample in failed} <= {trace[3:35] for trace in got["/fail"]}


def test_a_trial_shows_the_header(server: TracedServer, tmp_path: Path) -> None:
    text = f'config: {{base_url: "{server.url}", duration: 1s, trace: {{sample: 100%}}}}\n'
    text += "users: [{name: a, concurrency: 1, behavior: [one]}]\nactions: {one: {url: /}}\n"
    (tmp_path / "plan.yaml").write_text(text)
    command = [str(BIN / "gradual"), "try", str(tmp_path / "plan.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    ((_, trace),) = server.seen
    assert f"traceparent: {trace}" in done.stdout
    assert trace.endswith("-01")


def test_retries_and_simultaneous_steps_have_traces_of_their_own(server: TracedServer, fleet: Fleet) -> None:
    document = plan(server.url)
    document["config"]["trace"] = {"sample": "50%"}
    document["users"][0]["behavior"] = [
        {"action": "broken", "retry": {"attempts": 3, "delay": "5ms"}},
        {"parallel": ["plain", "post", "plain"]},
    ]
    outcome = fleet.run(document, 2)
    assert Counter(path[:5] for path, _ in server.seen) == {"/fail": 36, "/plai": 24, "/post": 12}, outcome.output
    assert len({trace[3:35] for _, trace in server.seen}) == 72
    flags = {path[:5]: {trace[-2:] for at, trace in server.seen if at[:5] == path[:5]} for path, _ in server.seen}
    assert flags == {"/fail": {"01"}, "/post": {"01"}, "/plai": {"00", "01"}}, "the ledger samples all"
    assert outcome.summary is not None
    last = {sample["trace_id"] for sample in outcome.summary["error_samples"]}
    assert last <= {trace[3:35] for path, trace in server.seen if path == "/fail"}
