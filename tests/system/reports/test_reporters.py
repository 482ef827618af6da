"""Custom reporters beside a plan: they count what the run reports, and their errors do not change the run."""

import json
import os
import subprocess
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import BIN, DEADLINE_S, Target, free_port, stop, wait_until
from summary_schema import SUMMARY, violations

# Exactly as in docs/design/results.md, "Reporters".
CUSTOM = """
from gradual.reporting import BaseReporter
class CustomReporter(BaseReporter):
    def on_request_complete(self, request):
        self.metrics.record_latency(request.duration)
        self.metrics.record_status(request.status_code)
    def on_test_complete(self, summary):
        self.generate_html_report(summary)
        self.send_slack_notification(summary)
"""

COUNTING = '''
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import custom


class Counting(custom.CustomReporter):
    """Writes the counts of the custom reporter to a file."""

    def on_test_complete(self, summary):
        super().on_test_complete(summary)
        metrics = self.metrics
        counts = {"count": metrics.count, "statuses": metrics.statuses, "dropped": metrics.dropped,
                "p50": metrics.percentile(50), "requests": summary["totals"]["requests"]}
        Path(self.arg).write_text(json.dumps(counts))
'''

FAULTY = """
import time
from pathlib import Path

from gradual.reporting import BaseReporter


class Raiser(BaseReporter):
    def on_interval(self, interval):
        raise RuntimeError("an error on purpose")


class Blocker(BaseReporter):
    def on_interval(self, interval):
        Path(self.arg + ".blocks").touch()
        while not Path(self.arg).exists():
            time.sleep(0.02)

    def on_test_complete(self, summary):
        Path(self.arg + ".done").touch()
"""

SECRET = "k-Ab3dE6gH"
PASSWORD = "bad-hunter2"
TOKEN = "tok-q7w8e9"


class Webhook:
    """Receives notifications."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        texts = self.texts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                texts.append(json.loads(body)["text"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/{SECRET}"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    receiver = Webhook()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def plan(url: str) -> dict[str, Any]:
    """A warm-up, then successes, failures of several kinds, and an action that gets no connection."""
    headers = {"X-Tenant": "{{secrets.API_KEY}}", "Authorization": f"Bearer {TOKEN}"}
    return {
        "config": {
            "name": "reporters",
            "base_url": url,
            "headers": headers,
            "phases": [
                {"name": "warm", "duration": "1500ms", "warm_up": True},
                {"name": "main", "duration": "3s"},
            ],
        },
        "secrets": {"API_KEY": {"env": "SYSTEM_TEST_KEY"}},
        "users": [
            {
                "name": "user",
                "concurrency": 8,
                "behavior": [
                    {"action": name, "think_time": "10-30ms"} for name in ("read", "missing", "login", "echo", "away")
                ],
            }
        ],
        "actions": {
            "read": {"url": "/ok/read"},
            "missing": {"url": f"/status/404/x?access_token={TOKEN}"},
            "login": {"url": "/login", "method": "POST", "body": {"user": "u", "password": PASSWORD}},
            "echo": {
                "url": "/login/echo",
                "method": "POST",
                "body": {"nested": {"password": PASSWORD, "key": "{{secrets.API_KEY}}"}},
                "assertions": [{"body_contains": "nowhere"}],
            },
            "away": {"url": f"http://127.0.0.1:{free_port()}/"},
        },
        "thresholds": [],
    }


class Run:
    """`gradual run` in a folder; the plan and the reporters are in another one."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        self.plans, self.folder = folder / "plans", folder / "work"
        for path in (self.plans, self.folder):
            path.mkdir()
        (self.plans / "custom.py").write_text(CUSTOM)
        (self.plans / "counting.py").write_text(COUNTING)
        (self.plans / "faulty.py").write_text(FAULTY)
        (self.plans / "plan.yaml").write_text(json.dumps(document))
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Start the run. The tests check counts, so a saturated machine does not fail it."""
        command = [str(BIN / "gradual"), "run", str(self.plans / "plan.yaml"), "--agents", "2", "-q", *words]
        command += ["--allow-saturated", "--allow-missing", "100%", "-o", "json=summary.json"]
        with (self.folder / "run.log").open("w") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={**os.environ, "NO_COLOR": "1", "SYSTEM_TEST_KEY": SECRET, "no_proxy": "127.0.0.1", **environ},
            )
        self.processes.append(process)
        return process

    @property
    def output(self) -> str:
        return (self.folder / "run.log").read_text()

    def read(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / name).read_text()))

    def close(self) -> None:
        for process in self.processes:
            stop(process)


@pytest.fixture
def run(tmp_path: Path, target: Target) -> Iterator[Run]:
    started = Run(tmp_path, plan(target.url))
    yield started
    started.close()


def codes_of(summary: dict[str, Any]) -> Counter[str]:
    codes: Counter[str] = Counter()
    for action in summary["actions"]:
        codes.update(action["status_codes"])
    return codes


def test_a_reporter_beside_the_plan_has_the_counts_of_the_run(run: Run, webhook: Webhook) -> None:
    process = run.start("--reporter", "custom", "-o", "counting=counts.json", GRADUAL_SLACK_WEBHOOK=webhook.url)
    code = process.wait(DEADLINE_S)
    assert code == 0, run.output
    summary, counts = run.read("summary.json"), run.read("counts.json")
    totals = summary["totals"]
    assert totals["requests"] > 100
    assert totals["warm_up_sent"] > 0
    assert counts["dropped"] == 0
    assert counts["count"] == counts["requests"] == totals["requests"]
    without_response = counts["statuses"].pop("0")
    assert counts["statuses"] == codes_of(summary)
    assert without_response == sum(row["errors"].get("connect", 0) for row in summary["actions"]) > 0
    page = (run.folder / "report.html").read_text()
    assert "reporters" in page
    assert not [secret for secret in (SECRET, PASSWORD, TOKEN) if secret in page]
    assert [text.splitlines()[0].split(" (")[0] for text in webhook.texts] == ["*reporters* passed"] * 2


def test_the_summary_has_failed_exchanges_with_their_cause_and_without_secrets(run: Run, target: Target) -> None:
    assert run.start().wait(DEADLINE_S) == 0, run.output
    summary = run.read("summary.json")
    assert violations(summary, SUMMARY) == []
    samples: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in summary["error_samples"]:
        samples[row["step"], row["kind"]].append(row)
    failed = {(row["step"], kind) for row in summary["actions"] for kind in row["errors"]}
    assert (
        samples.keys()
        == failed
        == {
            ("missing", "status"),
            ("login", "status"),
            ("echo", "assertion:body_contains"),
            ("away", "connect"),
        }
    )
    for rows in samples.values():
        assert [row["picked"] for row in rows] == ["first"] * 3 + ["random"] * 5
        assert {row["agent"] for row in rows} <= {agent["name"] for agent in summary["agents"]}
    login = samples["login", "status"][0]
    assert json.loads(login["request"]["body"]) == {"user": "u", "password": "***"}
    assert (login["response"]["status_code"], login["response"]["body"]) == (401, '{"error": "unknown"}')
    assert ["Authorization", "***"] in login["request"]["headers"]
    assert ["X-Tenant", "***"] in login["request"]["headers"]
    echo = samples["echo", "assertion:body_contains"][0]
    assert json.loads(echo["response"]["body"]) == {"nested": {"password": "***", "key": "***"}}
    assert samples["missing", "status"][0]["request"]["url"] == f"{target.url}/status/404/x?access_token=***"
    assert samples["away", "connect"][0]["response"] is None
    errors = {row["step"]: (row["label"], row["example"]) for row in summary["errors"]}
    assert errors["missing"] == ("HTTP 404", f"GET {target.url}/status/404/x?access_token=*** → 404")
    assert (errors["login"][0], errors["echo"][0]) == ("HTTP 401", "body lacks the asserted text")
    assert errors["away"][1].endswith("/ → connection refused")
    counted: Counter[str] = Counter()
    for row in summary["errors"]:
        counted[row["step"]] += row["count"]
        assert 0 <= row["first_s"] <= row["last_s"] <= summary["run"]["duration_s"]
    assert counted == {row["step"]: row["failures"] for row in summary["actions"] if row["failures"]}
    everything = (run.folder / "summary.json").read_text() + run.output
    assert not [secret for secret in (SECRET, PASSWORD, TOKEN) if secret in everything]


def test_faulty_reporters_harm_neither_the_run_nor_other_reporters(run: Run) -> None:
    release = run.folder / "release"
    process = run.start(
        *("-o", f"{run.plans}/faulty.py:Raiser"),
        *("-o", "counting=counts.json"),
        *("-o", "json=healthy.json"),
        *("-o", f"{run.plans}/faulty.py:Blocker={release}"),
    )
    wait_until((run.folder / "release.blocks").exists, "the reporter blocks")
    wait_until((run.folder / "healthy.json").exists, "the healthy reporter has written its file")
    assert process.poll() is None, "the run waits for the reporter that is still busy"
    release.touch()
    assert process.wait(DEADLINE_S) == 0, run.output
    assert (run.folder / "release.done").exists(), "the reporter that was busy gets the end of the test"
    counts, summary = run.read("counts.json"), run.read("healthy.json")
    assert counts["count"] == summary["totals"]["requests"] > 100
    assert summary == run.read("summary.json")
    assert run.output.count("reporter Raiser failed and is left out") == 1
    assert "an error on purpose" in run.output
    assert "Blocker" not in run.output
