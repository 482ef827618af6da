"""A run's result as a message to a Slack-style webhook: JSON with a `text`, which Mattermost and others take, too."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import structlog

from gradual_master.reporting.figures import show_count, show_number, show_percent, show_seconds
from gradual_master.results.summary_sections import Summary

WEBHOOK = "GRADUAL_SLACK_WEBHOOK"
TIMEOUT_S = 10.0
MOST_REASONS = 5


def send_notification(summary: Summary, url: str | None = None) -> bool:
    """Post the result to `url`, by default to `GRADUAL_SLACK_WEBHOOK`; whether it was taken.

    A receiver that is away, or an address that is none, is said in the log and is no reason to fail: what a reporter
    does next is to happen all the same. The address may be a secret, so that only its host is named.
    """
    url = url or os.environ.get(WEBHOOK, "")
    log = structlog.get_logger(__name__)
    if not url:
        log.warning(f"no notification is sent: give a url, or set {WEBHOOK}")
        return False
    host = urlsplit(url).hostname or "the address"
    if urlsplit(url).scheme not in {"http", "https"}:
        log.error("no notification is sent: its address is no http or https URL")
        return False
    request = urllib.request.Request(  # noqa: S310 - the scheme is http or https, as was looked at above
        url, json.dumps({"text": describe(summary)}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - as above
            return True
    except urllib.error.HTTPError as error:
        log.error(f"{host} did not take the notification: status {error.code}")
    except OSError as error:
        log.error(f"{host} did not take the notification: {getattr(error, 'reason', error)}")
    return False


def describe(summary: Summary) -> str:
    """The verdict, the figures that matter, and why it is not better."""
    verdict, totals, run = summary.verdict, summary.totals, summary.run
    times = totals.response_time_ms
    lines = [
        f"*{run.name}* {verdict.status} ({show_seconds(run.duration_s)}, run {run.id})",
        f"{show_count(totals.requests)} requests, {show_percent(totals.error_rate)} failed, "
        f"{show_number(totals.throughput_rps)} ok/s, p50 {show_number(times.p50)} ms, p99 {show_number(times.p99)} ms",
    ]
    lines += [f"• {reason}" for reason in verdict.reasons[:MOST_REASONS]]
    if len(verdict.reasons) > MOST_REASONS:
        lines.append(f"• and {len(verdict.reasons) - MOST_REASONS} more reasons")
    return "\n".join(lines)
