"""After each failed fetch a token is not asked for in a pause, which grows."""

from typing import Any

from http_harness import GET, Clock, make_context

from gradual_agent.http.auth.fetch_pause import FIRST_PAUSE, LONGEST_PAUSE, PAUSED, FetchPause
from gradual_agent.http.auth.tokens import TokenSource
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.failures import Failure
from gradual_agent.http.response import Response
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.causes import label_of
from gradual_common.kinds.failures import KIND

FAILURE = Failure(KIND["token"], "the token endpoint answered with status 503")


def pauses(failures: int) -> list[int]:
    """The lengths of the pauses in ms, when each fetch is begun as soon as it may be, and fails at once."""
    pause, now, lengths = FetchPause(), 0, []
    for _ in range(failures):
        pause.begin(FAILURE, now)
        begun = now
        while pause.failure_at(now) is not None:
            now += 50 * NS_PER_MS
        lengths.append((now - begun) // NS_PER_MS)
    return lengths


def test_a_pause_is_twice_as_long_as_the_last_up_to_five_seconds() -> None:
    assert pauses(9) == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]


def test_a_token_ends_it_and_the_next_failure_is_a_first_one() -> None:
    pause = FetchPause()
    for _ in range(5):
        pause.begin(FAILURE, 0)
    pause.end()
    assert pause.failure_at(0) is None
    pause.begin(FAILURE, 0)
    assert pause.failure_at(FIRST_PAUSE - 1) is not None
    assert pause.failure_at(FIRST_PAUSE) is None


def test_a_request_in_the_pause_has_the_cause_and_the_label_of_the_last_failure() -> None:
    pause = FetchPause()
    pause.begin(FAILURE, 7)
    assert pause.failure_at(7) == Failure(KIND["token"], FAILURE.detail + PAUSED)
    assert label_of("token", FAILURE.detail + PAUSED) == label_of("token", FAILURE.detail)


class Waiter:
    """Who waits for a token."""

    outcome: Any = None

    def on_token(self, outcome: Any) -> None:
        self.outcome = outcome


def fetched(source: TokenSource, status: int = 200, kind: int = 0) -> Any:
    """What a waiter is told after a fetch that ended so."""
    waiter, sample = Waiter(), Sample()
    sample.status_code, sample.kind, sample.detail = status, kind, "why"
    sample.response = Response(status, body=b'{"access_token": "abc", "expires_in": 0}')
    source.join(waiter, Sample(), GET)
    source.on_fetched(sample)
    return waiter.outcome


def test_a_source_pauses_after_a_failure_and_not_after_a_token_or_an_interruption() -> None:
    clock = Clock()
    source = TokenSource(Dialer(make_context(clock), {}), "fetches")
    assert source.refusal() is None
    assert fetched(source, kind=INTERRUPTED).kind == INTERRUPTED
    assert source.refusal() is None
    assert fetched(source, 503) == FAILURE
    assert source.refusal() == Failure(KIND["token"], FAILURE.detail + PAUSED)
    clock.now += FIRST_PAUSE
    assert source.refusal() is None
    assert fetched(source, kind=KIND["connect"]).kind == KIND["token"]
    clock.now += FIRST_PAUSE
    assert source.refusal() is not None, "the second pause is longer"
    clock.now += LONGEST_PAUSE
    assert fetched(source) == "abc"
    assert source.refusal() is None
