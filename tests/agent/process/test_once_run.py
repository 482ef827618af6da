"""Set-up and teardown on an agent: which steps are performed, what is reported, and what users read after it."""

from typing import Any

from agent_harness import MS, FakeEngine, FakeEngines, Reply, S, SteppedTimeline

from gradual_agent.kinds.engines import Runtime
from gradual_agent.process.plan_run import PlanRun
from gradual_agent.runtime.lease import Lease
from gradual_common.protocol.batch import COUNTER
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import OnceReport
from gradual_common.protocol.provisions import load_variables

TOKEN = "t-1-very-secret"
EXTRACT = {"token": "json: token"}


def plan_of(**changes: Any) -> dict[str, Any]:
    return {
        "config": {"base_url": "http://system", "duration": "1m", "graceful_stop": "5s", "think_time": "9s"},
        "setup": ["login", "open"],
        "teardown": ["check", "close"],
        "users": [{"name": "user", "concurrency": 1, "behavior": ["read"]}],
        "actions": {
            "login": {"url": "/login", "extract": EXTRACT},
            "open": {"url": "/open/{{token}}"},
            "read": {"url": "/read/{{token}}"},
            "check": {"url": "/check/{{token}}"},
            "close": {"url": "/close"},
        },
        **changes,
    }


class OnceHarness:
    """A plan in an agent; `answers`: the reply by path, else 200 with the token after 10 ms."""

    def __init__(self, answers: dict[str, Reply | None] | None = None, **changes: Any) -> None:
        self.timeline = SteppedTimeline()
        self.answers = answers or {}
        self.reports: list[OnceReport] = []
        self.engine = FakeEngine(self.timeline, self.timeline.clock, self._answer)
        runtime = Runtime(None, self.timeline, Lease(1 << 62), self.timeline.clock)  # type: ignore[arg-type]
        self.run = PlanRun(
            Job(plan_of(**changes), {}, {}, 1),
            runtime,
            lambda ended: None,
            self._fail,
            lambda reason: None,
            make_engines=lambda plan, *_: FakeEngines(plan, self.engine),  # type: ignore[arg-type,return-value]
        )

    def _fail(self, error: Exception) -> None:
        raise error

    def _answer(self, request: Any) -> Reply | None:
        body = f'{{"token": "{TOKEN}"}}'.encode()
        return self.answers.get(self._path(request), Reply(body=body, headers={"content-type": "application/json"}))

    @staticmethod
    def _path(request: Any) -> str:
        return str(request.wire.split(b" ")[1].decode())

    @property
    def paths(self) -> list[str]:
        return [self._path(request) for _, request in self.engine.requests]

    def perform(self, section: str, variables: bytes = b"", seconds: int = 20) -> OnceReport:
        self.begin(section, variables)
        self.timeline.run_until(self.timeline.now + seconds * S)
        return self.reports[-1]

    def begin(self, section: str, variables: bytes = b"") -> None:
        self.run.perform(section, variables, lambda: 7 * S, self.reports.append)


def sent(report: OnceReport) -> list[int]:
    return [int(row[2 + COUNTER["sent"]]) for row in report.batch.counters.tolist()]


def test_a_set_up_performs_its_steps_once_and_reports_what_it_extracted() -> None:
    harness = OnceHarness()
    report = harness.perform("setup")
    assert harness.paths == ["/login", f"/open/{TOKEN}"], "without think times, and once"
    assert (report.section, report.failure, load_variables(report.variables)) == ("setup", "", {"token": TOKEN})
    (frame,) = report.batch.frames
    assert (frame.begin, frame.end, sent(report)) == (7 * S - 1, 7 * S + 20 * MS, [1, 1]), "in run time"
    assert harness.run.recorder.begun == 0, "it is no request of the run"
    assert len(harness.reports) == 1
    assert all(client.is_closed for client in harness.engine.clients)


def test_users_read_what_was_shared_and_their_rows() -> None:
    harness = OnceHarness()
    harness.run.share(f'{{"token": "{TOKEN}"}}'.encode())
    harness.run.schedule(0, 3600 * S, [(0, 0)])
    harness.run.users.start((0, 0), 1, 0)
    harness.timeline.run_until(S)
    assert harness.paths == [f"/read/{TOKEN}"]


def test_the_first_failure_ends_a_set_up_and_it_extracts_nothing() -> None:
    harness = OnceHarness({"/login": Reply(status=200, body=b"{}")})
    report = harness.perform("setup")
    assert harness.paths == ["/login"]
    assert report.variables == b""
    assert report.failure.startswith("step login failed: extract ('token' was not found")
    assert [exemplar.step for exemplar in report.exemplars] == [0]


def test_a_failure_in_words_and_its_exchange_hide_what_was_extracted() -> None:
    harness = OnceHarness({f"/open/{TOKEN}": Reply(status=404)})
    report = harness.perform("setup")
    assert report.failure == "step open failed: status (HTTP 404)"
    assert load_variables(report.variables) == {"token": TOKEN}, "the teardown may need it"
    (exemplar,) = report.exemplars
    assert TOKEN not in str(exemplar.document)
    assert exemplar.document["request"]["url"] == "http://system/open/***"


def test_a_failed_assertion_is_told_in_words_that_hide_what_was_extracted() -> None:
    actions = plan_of()["actions"]
    actions["open"]["assertions"] = [{"body_contains": "ready"}]
    harness = OnceHarness({f"/open/{TOKEN}": Reply(body=f"for {TOKEN}".encode())}, actions=actions)
    report = harness.perform("setup")
    expected = 'step open failed: assertion:body_contains (expected body_contains: ready, found "for ***")'
    assert report.failure == expected


def test_a_failure_in_words_can_be_sent_whatever_the_system_said() -> None:
    actions = plan_of()["actions"]
    actions["login"] |= {"assertions": [{"json": "v == 'x'"}], "extract": {}}
    report = OnceHarness({"/login": Reply(body=b'{"v": "a\\ud800b"}')}, setup=["login"], actions=actions).perform(
        "setup"
    )
    assert report.failure.encode().endswith(rb'found "a\ud800b")')


def test_a_teardown_goes_on_after_a_failure_and_knows_what_the_set_up_extracted() -> None:
    harness = OnceHarness({f"/check/{TOKEN}": Reply(status=500), "/close": Reply(status=500)})
    report = harness.perform("teardown", f'{{"token": "{TOKEN}"}}'.encode())
    assert harness.paths == [f"/check/{TOKEN}", "/close"]
    assert report.failure == "step check failed: status (HTTP 500); 1 more step failed"
    assert report.variables == b""


def test_a_teardown_longer_than_the_graceful_stop_is_not_cut() -> None:
    harness = OnceHarness({"/close": Reply(delay=25 * S)})
    assert harness.perform("teardown", f'{{"token": "{TOKEN}"}}'.encode(), seconds=40).failure == ""


def test_a_teardown_ends_a_set_up_after_its_request_and_follows_it() -> None:
    harness = OnceHarness({"/login": Reply(delay=2 * S, body=b'{"token": "x"}')})
    harness.begin("setup")
    harness.timeline.run_until(S)
    harness.begin("teardown")
    assert harness.paths == ["/login"]
    harness.timeline.run_until(10 * S)
    setup, teardown = harness.reports
    assert (setup.section, setup.failure) == ("setup", "it was stopped before its end")
    assert load_variables(setup.variables) == {"token": "x"}
    assert teardown.section == "teardown"
    assert harness.paths[1:] == ["/check/x", "/close"], "the teardown knows what was extracted until then"


def test_a_cut_ends_both_at_once_and_sends_nothing_more() -> None:
    harness = OnceHarness({"/login": None})
    harness.begin("setup")
    harness.begin("teardown")
    harness.run.cut_once("the lease is over")
    harness.timeline.run_until(100 * S)
    assert harness.paths == ["/login"]
    assert {report.section: report.failure for report in harness.reports} == {
        "setup": "it was cut: the lease is over",
        "teardown": "it was cut: the lease is over",
    }
    cut = next(report for report in harness.reports if report.section == "setup")
    assert cut.batch.counters[0, 2 + COUNTER["interrupted"]] == 1
    assert sent(cut) == [1]


def test_more_than_a_message_holds_is_not_shared() -> None:
    body = f'{{"token": "{"x" * 70_000}"}}'.encode()
    harness = OnceHarness({"/login": Reply(body=body)}, setup=["login"])
    report = harness.perform("setup")
    assert report.failure == "what it extracts has 70,012 bytes as JSON; at most 65,536 are shared"
    assert report.variables == b""
