"""Reports that are made in the background. Bottleneck: a pool of four workers.

A job is created by one request and asked for by others until it is done. A job keeps a worker busy for 400 ms, so the
pool makes 10 reports per second. When a job begins and ends is known at its creation; its state follows from the time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradual.demo.fintech.pages import page_of
from gradual.demo.fintech.station import READING_S, Served, Station
from gradual.demo.routing import Answer, Call, Route, Routes
from gradual.errors import RequestRefusedError

WORKERS = 4
JOB_S = 0.4
"""How long a report keeps a worker busy."""

MAX_JOBS = 100_000
"""Jobs that are remembered, of all accounts; the oldest are forgotten first."""

KINDS = ("statement", "tax", "performance")


@dataclass(frozen=True, slots=True)
class ReportJob:
    """One report that was asked for."""

    number: int
    account: int
    kind: str
    served: Served

    def state(self, now: float) -> str:
        """`queued`, `running` or `done`."""
        return "queued" if now < self.served.start else "running" if now < self.served.end else "done"

    def describe(self, now: float) -> dict[str, Any]:
        """The job as JSON data; a report has as many lines as its number tells."""
        state = self.state(now)
        result = {"lines": 10 + self.number % 90} if state == "done" else None
        return {"job": self.number, "kind": self.kind, "state": state, "result": result}


class ReportJobs:
    """The desk for reports."""

    def __init__(self) -> None:
        self._pool = Station(WORKERS)
        self._jobs: OrderedDict[int, ReportJob] = OrderedDict()
        self._of_account: dict[int, dict[int, ReportJob]] = {}
        self._created = 0

    def routes(self) -> Routes:
        """The table of the routes."""
        return {
            ("POST", "/api/reports/jobs"): Route(self.create, needs_token=True),
            ("GET", "/api/reports/jobs"): Route(self.list_jobs, needs_token=True),
            ("GET", "/api/reports/jobs/{job}"): Route(self.show, needs_token=True),
        }

    def create(self, call: Call) -> Answer:
        """Start a job; the answer comes at once, the report later."""
        kind = call.body.get("kind", KINDS[0])
        if kind not in KINDS:
            raise RequestRefusedError(400, f"kind must be one of {', '.join(KINDS)}, not {str(kind)[:40]!r}")
        self._created += 1
        job = ReportJob(self._created, call.account, kind, self._pool.serve(call.now, JOB_S))
        self._keep(job)
        return Answer(202, {"data": job.describe(call.now)}, call.now + READING_S)

    def show(self, call: Call) -> Answer:
        """An own job and its state."""
        job = self._of_account.get(call.account, {}).get(call.item)
        if job is None:
            raise RequestRefusedError(404, f"this account has no job {call.name[:40]!r}")
        return Answer(200, {"data": job.describe(call.now)}, call.now + READING_S)

    def list_jobs(self, call: Call) -> Answer:
        """The jobs of the account, in pages."""
        return Answer(200, page_of(call, "jobs", self._described(call)), call.now + READING_S)

    def totals(self) -> dict[str, int]:
        """Jobs created."""
        return {"jobs": self._created}

    def _described(self, call: Call) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, job in self._of_account.get(call.account, {}).items():
            yield number, job.describe(call.now)

    def _keep(self, job: ReportJob) -> None:
        self._jobs[job.number] = job
        self._of_account.setdefault(job.account, {})[job.number] = job
        if len(self._jobs) > MAX_JOBS:
            _, oldest = self._jobs.popitem(last=False)
            del self._of_account[oldest.account][oldest.number]
