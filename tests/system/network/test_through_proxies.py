"""Through real proxies the engine sees what curl sees, and asks the proxy the same; all sides count the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import Question, ask_curl, ask_gradual
from fleet_processes import Fleet, Target, wait_until
from running_nginx import Nginx, running_nginx
from running_proxies import RunningProxy, running_squid, running_tinyproxy

from gradual_common.kinds.http.settings import HttpSettings
from gradual_common.net.ways import Way

QUESTIONS = [
    *(
        Question(f"/{way}/{size}.txt")
        for way in ("sized", "gzip", "chunked", "until", "close")
        for size in (0, 8193, 300_000)
    ),
    Question("/sized/8193.txt", "HEAD"),
    Question("/sized/absent"),
    Question("/put/small", "POST", {"Content-Type": "text/plain"}, b"x" * 50_000),
    Question("/private/1.txt"),
    Question("/r302", "GET"),
    Question("/relative"),
    Question("/to-tls"),
    Question("/to-plain"),
    Question("/error"),
]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with running_nginx(tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture(scope="module")
def squid() -> Iterator[RunningProxy]:
    with running_squid() as running:
        yield running


@pytest.fixture(scope="module")
def tinyproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProxy]:
    with running_tinyproxy(tmp_path_factory.mktemp("tinyproxy")) as running:
        yield running


def way(url: str) -> Way:
    return HttpSettings.model_validate({"proxy": url}).way


def newly_asked(squid: RunningProxy, before: int, count: int) -> list[tuple[str, ...]]:
    """What squid was asked since `before`; a tunnel is in its log when it is closed."""
    wait_until(lambda: len(squid.asked()) >= before + count, "squid has written its log")
    return squid.asked()[before:]


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.method} {question.path}")
async def test_the_engine_and_curl_see_the_same_through_squid_and_ask_it_the_same(
    question: Question, is_secure: bool, nginx: Nginx, squid: RunningProxy, tmp_path: Path
) -> None:
    base = nginx.secure if is_secure else nginx.plain
    start = len(squid.asked())
    theirs = await ask_curl([question], base, tmp_path, nginx.authority, proxy=squid.url)
    wait_until(lambda: len(squid.asked()) > start, "squid has written its log")
    middle = len(squid.asked())
    assert await ask_gradual([question], base, nginx.authority, way(squid.url)) == theirs
    assert not theirs[0].has_failed
    ours = newly_asked(squid, middle, middle - start)
    assert [line[1:] for line in ours] == [line[1:] for line in squid.asked()[start:middle]]


async def test_a_user_keeps_its_connections_to_the_proxy(nginx: Nginx, squid: RunningProxy) -> None:
    """One for all requests to an origin in absolute form, one as the tunnel to the other origin."""
    start = len(squid.asked())
    questions = [Question(f"{base}/text") for base in (nginx.plain, nginx.secure) for _ in range(4)]
    seen = await ask_gradual(questions, "", nginx.authority, way(squid.url))
    assert [answer.body for answer in seen] == 8 * [b"some text"]
    asked = newly_asked(squid, start, 5)
    assert Counter(method for _, method, *_ in asked) == {"GET": 4, "CONNECT": 1}
    assert len({port for port, *_ in asked}) == 2


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
async def test_tinyproxy_lets_in_with_credentials(
    is_secure: bool, nginx: Nginx, tinyproxy: RunningProxy, tmp_path: Path
) -> None:
    base = nginx.secure if is_secure else nginx.plain
    url = f"http://alice:hunter2@{tinyproxy.address}"
    questions = [Question("/sized/8193.txt"), Question("/put/small", "POST", body=b"x" * 10_000)]
    seen = await ask_gradual(questions, base, nginx.authority, way(url))
    assert seen == await ask_curl(questions, base, tmp_path, nginx.authority, proxy=url)
    assert (seen[0].status, seen[1].body) == (200, b"POST 10000")


@pytest.mark.parametrize(
    ("user", "is_secure", "failure", "status"),
    [
        ("", False, "proxy", 407),
        ("", True, "proxy", 0),
        ("alice:wrong@", False, "", 401),  # Not 407: it looks as if the system had said it.
        ("alice:wrong@", True, "proxy", 0),
    ],
)
async def test_tinyproxy_keeps_out(
    user: str, is_secure: bool, failure: str, status: int, nginx: Nginx, tinyproxy: RunningProxy, tmp_path: Path
) -> None:
    """`status`: what curl sees; 0 if it fails."""
    base = nginx.secure if is_secure else nginx.plain
    url, questions = f"http://{user}{tinyproxy.address}", [Question("/sized/8193.txt")]
    (ours,) = await ask_gradual(questions, base, nginx.authority, way(url))
    (theirs,) = await ask_curl(questions, base, tmp_path, nginx.authority, proxy=url)
    assert (ours.failure, theirs.status, theirs.has_failed) == (failure, status, status == 0)
    if not failure:
        assert ours == theirs


def plan(target: Target, **config: Any) -> dict[str, Any]:
    return {
        "config": {"name": "proxied", "base_url": target.url, "duration": "60s", **config},
        "users": [{"name": "user", "concurrency": 5, "iterations": 6, "behavior": ["by_proxy", "direct"]}],
        "actions": {"by_proxy": {"url": "/ok/proxied/{{ vu.slot }}"}, "direct": {"url": "/ok/direct", "proxy": None}},
    }


def test_plan_proxy_and_system_count_the_same(target: Target, fleet: Fleet, squid: RunningProxy) -> None:
    start = len(squid.asked())
    outcome = fleet.run(plan(target, proxy=squid.url), 2)
    assert outcome.code == 0, outcome.output[-4000:]
    asked = newly_asked(squid, start, 30)
    paths = target.records().paths
    assert Counter(url.removeprefix(target.url) for _, _, url, _ in asked) == {
        f"/ok/proxied/{slot}": 6 for slot in range(5)
    }
    assert len({port for port, *_ in asked}) == 5, "a connection to the proxy for each user"
    assert {path: count for path, count in paths.items() if path != "/ok/direct"} == {
        f"/ok/proxied/{slot}": 6 for slot in range(5)
    }
    assert (outcome.arrived("by_proxy"), outcome.arrived("direct"), paths["/ok/direct"]) == (30, 30, 30)


def test_a_proxy_that_is_not_there_has_its_own_kind_and_shows_no_credentials(target: Target, fleet: Fleet) -> None:
    outcome = fleet.run(plan(target, proxy="http://alice:hunter2@127.0.0.1:9"), 1)
    assert outcome.agent_codes == [0], outcome.output[-4000:]
    assert outcome.actions["user", "by_proxy"]["errors"] == {"proxy": 30}
    assert "proxy: connection refused" in outcome.output
    assert "hunter2" not in outcome.output + fleet.summary_path.read_text()
    assert target.records().paths == {"/ok/direct": 30}


def test_a_proxy_that_the_agent_may_not_use_is_refused_before_any_load(target: Target, fleet: Fleet) -> None:
    master = fleet.start_master(plan(target, proxy="http://10.99.0.1:3128"), 1)
    outcome = fleet.wait(master, [fleet.start_agent("limited", "--allow-host", "127.0.0.0/8")])
    assert (outcome.code, outcome.agent_codes) == (3, [3]), outcome.output[-4000:]
    assert "the plan sends to 10.99.0.1:3128, but on this agent" in " ".join(outcome.output.split())
    assert target.count() == 0
