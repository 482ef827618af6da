"""A custom reporter: it writes its own page and sends a message to a chat.

    gradual run examples/demo.yaml --reporter examples/custom_reporter.py:TeamReporter=team.html

The chat's address is read from GRADUAL_SLACK_WEBHOOK. Without it no message is sent, and the log says so.
"""

from collections import Counter
from html import escape
from pathlib import Path

from gradual.reporting import BaseReporter, Interval, Request, Summary

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{name}</title>
<h1>{name}: {status}</h1>
<p>{count} requests, p95 {p95} ms; the worst second was number {worst}.</p>
<table>
<caption>Slow requests (over one second)</caption>
<tr><th scope="col">action</th><th scope="col">requests</th></tr>
{rows}
</table>
</html>
"""

SLOW_S = 1.0


class TeamReporter(BaseReporter):
    """Counts slow requests by action; `arg` is the path of the page."""

    def __init__(self, arg: str | None = None) -> None:
        super().__init__(arg)
        self.slow: Counter[str] = Counter()
        self.worst: tuple[float, int] = (0.0, 0)

    def on_request_complete(self, request: Request) -> None:
        self.metrics.record_latency(request.duration)
        self.metrics.record_status(request.status_code)
        if request.duration > SLOW_S:
            self.slow[request.action] += 1

    def on_interval(self, interval: Interval) -> None:
        p95 = interval.response_time_ms.p95 or 0.0
        self.worst = max(self.worst, (p95, interval.number))

    def on_test_complete(self, summary: Summary) -> None:
        p95 = self.metrics.percentile(95)
        rows = "\n".join(f"<tr><td>{escape(name)}</td><td>{count}</td></tr>" for name, count in self.slow.most_common())
        page = PAGE.format(
            name=escape(summary.run.name),
            status=escape(summary.verdict.status),
            count=self.metrics.count,
            p95="-" if p95 is None else round(1000 * p95),
            worst=self.worst[1],
            rows=rows,
        )
        Path(self.arg or "team.html").write_text(page, encoding="utf-8")
        self.send_slack_notification(summary)
