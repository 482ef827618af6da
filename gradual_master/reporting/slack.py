"""A run's result as a message to a Slack-style webhook: JSON with a `text`, which Mattermost and others take, too."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from html import escape
from http.client import HTTPException
from urllib.parse import urlsplit

import structlog

from gradual_master.reporting.text.failures import show_failures
from gradual_master.reporting.text.formatting import show_count, show_number, show_percent, show_seconds
from gradual_master.results.summary.sections import Summary

WEBHOOK = "GRADUAL_SLACK_WEBHOOK"
TIMEOUT_S = 10.0
MAX_REASONS = 5


def send_notification(summary: Summary, url: str | None = None) -> bool:
    """Post the result to `url`, by default to `GRADUAL_SLACK_WEBHOOK`; whether it was taken.

    A receiver that does not answer or an invalid address is logged and raises nothing, so that the reporter goes on.
    The address may be a secret, so only its host is logged.
    """
    url = url or os.environ.get(WEBHOOK, "")
    log = structlog.get_logger(__name__)
    if not url:
        log.warning(f"no notification is sent: give a url, or set {WEBHOOK}")
        return False
    host = host_of(url)
    if host is None:
        log.error("no notification is sent: its address is not an http or https URL")
        return False
    failure = _post(url, json.dumps({"text": describe(summary)}).encode())
    if failure:
        log.error(f"{host} did not take the notification: {failure}")
    return not failure


def host_of(url: str) -> str | None:
    """The host of an http or https URL, None if it is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        return None


class _Refusing(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its message, and be taken for delivered."""

    def redirect_request(self, *arguments: object) -> None:
        """Do not follow: the redirect is the answer, and an error."""


def _post(url: str, body: bytes) -> str:
    """Why it was not taken, without the address; "" when it was."""
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - checked above
        with urllib.request.build_opener(_Refusing).open(request, timeout=TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return f"status {error.code}"
    except OSError as error:
        return str(getattr(error, "reason", error))
    except (HTTPException, ValueError) as error:  # Their texts quote the address, or what came.
        return type(error).__name__


def describe(summary: Summary) -> str:
    """The verdict, the numbers that matter, and why it is not better.

    Slack reads `<`, `>` and `&` as the start of markup (such as mentions), so they are written as entities
    (https://api.slack.com/reference/surfaces/formatting#escaping).
    """
    verdict, totals, run = summary.verdict, summary.totals, summary.run
    times = totals.response_time_ms
    lines = [
        f"*{run.name}* {verdict.status} ({show_seconds(run.duration_s)}, run {run.id})",
        *([" ".join(summary.analysis.answer)] if summary.analysis.answer else []),
        f"{show_count(totals.requests)} requests, {show_percent(totals.error_rate)} failed, "
        f"{show_number(totals.throughput_rps)} ok/s, p50 {show_number(times.p50)} ms, p99 {show_number(times.p99)} ms",
    ]
    lines += [show_failures(summary.errors)] if summary.errors else []
    lines += [f"• {reason}" for reason in verdict.reasons[:MAX_REASONS]]
    if len(verdict.reasons) > MAX_REASONS:
        lines.append(f"• and {len(verdict.reasons) - MAX_REASONS} more reasons")
    return escape("\n".join(lines), quote=False)
