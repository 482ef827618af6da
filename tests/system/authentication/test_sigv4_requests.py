"""`auth.sigv4` end to end: botocore signs each request that arrives again, and the signatures must be the same."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from fleet_processes import Fleet
from verifying_server import Received, verifying_server

SECRET, TOKEN = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a-session-of-2026/x=="
USERS, TIMES = 3, 4
S3 = "s3"


def is_signed_as_by_botocore(request: Received) -> bool:
    """The request as it arrived, with the credentials that the server knows, signed by botocore."""
    value = request.headers.get("Authorization", "")
    credential = value.partition("Credential=")[2].partition(",")[0]
    names = value.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    _, _, region, service, _ = credential.split("/")
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - moment) > timedelta(minutes=5):
        return False
    kept = {name: request.headers[name] for name in names if not name.startswith("x-amz-")}
    again = AWSRequest(request.method, f"http://{request.headers['Host']}{request.target}", kept, request.body)
    keys = Credentials("AKIDEXAMPLE", SECRET, request.headers.get("X-Amz-Security-Token"))
    signer = S3SigV4Auth if service == S3 else SigV4Auth
    with patch("botocore.auth.get_current_datetime", lambda: moment):
        signer(keys, service, region).add_auth(again)
    return {"host", "x-amz-date"} <= set(names) and again.headers["Authorization"] == value


def plan(url: str) -> dict[str, Any]:
    keys = {"region": "eu-central-1", "access_key": "AKIDEXAMPLE", "secret_key": "{{secrets.AWS_SECRET}}"}
    query = {"a": "x y/z", "b": ["2", "1"], "c": "ü&="}
    return {
        "config": {"name": "signed", "base_url": url, "duration": "60s", "trace": True},
        "secrets": {"AWS_SECRET": {"env": "AWS_SECRET"}, "AWS_TOKEN": {"env": "AWS_TOKEN"}},
        "services": {
            "gateway": {
                "auth": {"sigv4": {"service": "execute-api", **keys, "session_token": "{{secrets.AWS_TOKEN}}"}},
                "headers": {"X-Tenant": "a   b"},
            },
            "files": {"auth": {"sigv4": {"service": S3, **keys}}},
        },
        "users": [
            {
                "name": "a",
                "concurrency": USERS,
                "iterations": TIMES,
                "behavior": [
                    "look",
                    "post",
                    "hop",
                    {"action": "flaky", "retry": {"attempts": 2, "delay": "1ms", "on": ["5xx"]}},
                    "file",
                    "events",
                ],
            }
        ],
        "actions": {
            "look": {"service": "gateway", "url": "/look/{{vu.slot}}/../ä%20/./b//", "query": query},
            "post": {"service": "gateway", "method": "POST", "url": "/post", "body": {"n": "{{ random_int(1, 9) }}"}},
            "hop": {"service": "gateway", "method": "PUT", "url": "/hop?x=1", "body": "text"},
            "flaky": {"service": "gateway", "url": "/flaky/{{vu.slot}}", "headers": {"Cookie": "plan=own"}},
            "events": {"service": "gateway", "url": "/events", "sse": {"max_events": 1}},
            "file": {"service": "files", "method": "PUT", "url": "/bucket/a%20b/../%24c.txt", "body": "content"},
        },
    }


@pytest.mark.parametrize("agents", [1, 2])
def test_each_message_has_the_signature_that_botocore_gives_it(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agents: int
) -> None:
    monkeypatch.setenv("AWS_SECRET", SECRET)
    monkeypatch.setenv("AWS_TOKEN", TOKEN)
    with verifying_server(is_signed_as_by_botocore) as server:
        outcome = fleet.run(plan(server.url), agents)
        assert outcome.code == 0, outcome.output[-4000:]
        assert server.refused == []
        counts = Counter(request.target.split("?")[0].split("/")[1] for request in server.accepted)
        number = USERS * TIMES
        assert counts == {
            **dict.fromkeys(("look", "post", "hop", "there", "bucket", "events"), number),
            "flaky": 2 * number,
        }
        tokens = {
            request.headers["X-Amz-Security-Token"] for request in server.accepted if "/bucket" not in request.target
        }
        assert tokens == {TOKEN}
        assert not any(secret in outcome.output for secret in (SECRET, TOKEN, "Signature="))
