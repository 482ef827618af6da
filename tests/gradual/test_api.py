"""`gradual.run` does what `gradual run` does, wherever it is called; the examples that use it work."""

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from demo_bank import demo_bank

import gradual
from gradual.api import source_of
from gradual.errors import UsageError
from gradual.reporting import BaseReporter, Request, Summary
from gradual_master.errors import ReporterError
from gradual_master.store.opening import open_store
from gradual_master.store.runs import RunFilter, list_runs

pytestmark = pytest.mark.system

HOUSE = Path(__file__).parents[2]
EXAMPLES = HOUSE / "examples"
GRADUAL = [sys.executable, "-c", f"import sys; sys.path.insert(0, '{HOUSE}'); from gradual.cli import main; main()"]

LENIENT: dict[str, Any] = {"allow_saturated": True, "allow_missing": 1.0}
"""A busy machine is no mistake of ours."""


class System:
    """What runs are made against: it answers every GET, and keeps what is posted."""

    def __init__(self) -> None:
        self.answered = 0
        self.posted: list[Any] = []
        system = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                system.answered += 1
                self.answer(404 if "missing" in self.path else 200)

            def do_POST(self) -> None:
                system.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(200)

            def answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def system() -> Iterator[System]:
    system = System()
    thread = threading.Thread(target=system.server.serve_forever)
    thread.start()
    yield system
    system.server.shutdown()
    thread.join()
    system.server.server_close()


def plan_of(system: System, **config: Any) -> dict[str, Any]:
    return {
        "config": {"name": "api", "base_url": system.url, "duration": "1s", "graceful_stop": "5s", **config},
        "users": [{"name": "reader", "concurrency": 2, "behavior": [{"action": "read", "think_time": "50ms"}]}],
        "actions": {"read": {"url": "/"}},
    }


class Counting(BaseReporter):
    """docs/design/results.md's first half."""

    def on_request_complete(self, request: Request) -> None:
        self.metrics.record_latency(request.duration)
        self.metrics.record_status(request.status_code)

    def on_test_complete(self, summary: Summary) -> None:
        self.summary = summary


def test_a_mapping_runs_and_its_summary_is_returned(system: System) -> None:
    reporter = Counting()
    summary = gradual.run(plan_of(system), reporters=[reporter], tags={"build": "7"}, **LENIENT)
    assert summary.verdict.status == "passed", summary.verdict.reasons
    assert summary.totals.requests == reporter.metrics.count == system.answered
    assert reporter.metrics.statuses == {200: system.answered}
    assert reporter.summary is summary
    assert summary.run.tags == {"build": "7"}
    assert summary.history is not None
    assert int(summary.history.series.ok.sum()) == system.answered
    assert "<td>2</td>" in summary._repr_html_()


def test_what_is_given_by_keyword_replaces_what_the_plan_says(system: System, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(plan_of(system)))
    summary = gradual.run(
        path,
        agents=2,
        users=4,
        overrides={"config.seed": 7, "actions.read.url": "/missing"},
        ramp_config={"strategy": "additive", "initial": 2, "increment": 2, "interval": "500ms"},
        reporters=[f"json={tmp_path / 'out.json'}"],
        **LENIENT,
    )
    assert summary.run.seed == 7
    assert [level.target for level in summary.levels] == [2, 4]
    assert summary.totals.failures == summary.totals.requests > 0
    assert summary.verdict.status == "failed"
    assert len(summary.agents) == 2
    assert {sample.kind for sample in summary.error_samples} == {"status"}
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(json.dumps(summary.to_dict()))


async def test_it_runs_where_a_loop_runs_already(system: System) -> None:
    assert gradual.run(plan_of(system), **LENIENT).totals.requests == system.answered
    before = system.answered
    summary = await gradual.run_async(json.dumps(plan_of(system)), **LENIENT)
    assert summary.totals.requests == system.answered - before


async def test_a_run_that_is_cancelled_leaves_nothing_behind(system: System) -> None:
    run = asyncio.ensure_future(gradual.run_async(plan_of(system, duration="60s")))
    while system.answered == 0:
        assert not run.done()
        await asyncio.sleep(0.02)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    answered = system.answered
    await asyncio.sleep(0.2)
    assert system.answered == answered


def test_mistakes_are_errors_before_anything_is_sent(system: System) -> None:
    with pytest.raises(gradual.PlanError, match="duration is missing"):
        gradual.run("config: {}\nusers: []")
    with pytest.raises(UsageError, match="at least 1"):
        gradual.run(plan_of(system), agents=0)
    with pytest.raises(ReporterError, match="there is no reporter 'jsn'"):
        gradual.run(plan_of(system), reporters=["jsn"])
    assert system.answered == 0


def test_the_package_offers_what_it_names() -> None:
    assert {"run", "run_async", "Summary", "PlanError"} <= set(dir(gradual))
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        gradual.rum  # noqa: B018


@pytest.fixture(scope="module")
def bank() -> Iterator[str]:
    """The URL of a demo bank."""
    with demo_bank() as url:
        yield url


def test_the_example_of_a_performance_test_passes(bank: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, str(EXAMPLES / "test_performance.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"BANK_URL": bank, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(EXAMPLES.parent)},
    )
    verdicts = re.findall(r"(\d) (passed|failed)", done.stdout)
    assert sum(int(count) for count, _ in verdicts) == 2, done.stdout
    # On a machine as busy as one that runs tests its limits may be missed; what it calls must be there.
    assert not re.search(r"(Attribute|Type|Key|Import|Gradual|Plan)Error", done.stdout), done.stdout


def test_the_example_of_a_reporter_writes_its_page_and_tells_the_chat(
    bank: str, system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADUAL_SLACK_WEBHOOK", system.url)
    page = tmp_path / "team.html"
    spec = f"{EXAMPLES / 'custom_reporter.py'}:TeamReporter={page}"
    summary = gradual.run(EXAMPLES / "demo.yaml", base_url=bank, users=10, duration="2s", reporters=[spec], **LENIENT)
    assert f"<p>{summary.totals.requests} requests" in page.read_text()
    (message,) = system.posted
    assert f"{summary.totals.requests} requests" in message["text"]
    assert summary.verdict.status in message["text"]


def test_a_plan_of_a_url_is_not_called_by_the_password_in_it() -> None:
    source = source_of("http://user:sesame-9@bank.example/")
    assert "sesame-9" not in source.name
    assert "bank.example" in source.name


def test_a_run_is_kept_and_compared_if_asked_to(system: System, tmp_path: Path) -> None:
    store = str(tmp_path / "runs.sqlite")
    first = gradual.run(plan_of(system), agents=1, store=store, **LENIENT)
    (tmp_path / "first.json").write_text(json.dumps(first.to_dict()))
    second = gradual.run(
        plan_of(system), agents=1, baseline=str(tmp_path / "first.json"), fail_on="inconclusive", **LENIENT
    )
    with open_store(tmp_path / "runs.sqlite").reading() as connection:
        assert [run.id for run in list_runs(connection, RunFilter())] == [first.run.id]
    assert second.comparison is not None
    assert second.comparison.baseline == "first.json"
    assert (second.verdict.status, second.run.exit_code) == ("failed", 1)
    assert "decides nothing (--fail-on inconclusive)" in second.verdict.reasons[-1]


def test_a_plan_whose_baseline_is_not_there_yet_runs_and_says_so(system: System, tmp_path: Path) -> None:
    summary = gradual.run(plan_of(system, baseline="main"), agents=1, store=str(tmp_path / "runs.sqlite"), **LENIENT)
    said = "not compared with the baseline main: there is no store at"
    assert any(warning.startswith(said) for warning in summary.verdict.warnings)
