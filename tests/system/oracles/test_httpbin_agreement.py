"""Gradual, curl and aiohttp ask httpbin the same: they send the same requests and see the same responses."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clients import Question, Seen, ask_aiohttp, ask_curl, ask_gradual
from httpbin_questions import Session, sessions
from running_httpbin import Httpbin

SESSIONS = list(sessions())


def at(question: Question, url: str) -> Question:
    """The question with the server's address in it."""
    host = url.removeprefix("http://")
    return replace(question, path=question.path.replace("HOST", host).replace("PORT", host.rpartition(":")[2]))


async def outcome(seen: Awaitable[list[Seen]], httpbin: Httpbin) -> tuple[list[Seen], list[dict[str, Any]]]:
    return await seen, httpbin.take_log()


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
async def test_the_clients_do_the_same(session: Session, httpbin: Httpbin, tmp_path: Path) -> None:
    questions = [at(question, httpbin.url) for question in session.questions]
    ours = await outcome(ask_gradual(questions, httpbin.url), httpbin)
    theirs = {
        "curl": await outcome(ask_curl(questions, httpbin.url, tmp_path), httpbin),
        "aiohttp": await outcome(ask_aiohttp(questions, httpbin.url), httpbin),
    }
    for name, found in theirs.items():
        differs = getattr(session, name)
        assert (found != ours) is bool(differs), (name, differs, ours, found)
