"""Whatever the system answers and whenever a user is asked to stop: counts add up, and every user ends once."""

from typing import Any

from agent_harness import MS, Reply, S, UserHarness, counter, kinds, user_time
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.batch_checks import check_batch

replies = st.one_of(
    st.none(),
    st.builds(
        Reply,
        status=st.sampled_from([200, 404]),
        delay=st.integers(1, 800).map(lambda ms: ms * MS),
        hops=st.integers(0, 2),
    ),
    st.sampled_from(["timeout", "reset"]).map(lambda kind: Reply(kind=kind)),
    st.just(Reply(kind="connect", is_sent=False)),
)

groups = st.fixed_dictionaries(
    {
        "behavior": st.lists(
            st.fixed_dictionaries(
                {
                    "action": st.sampled_from(["login", "browse"]),
                    "think_time": st.sampled_from(["0s", "300ms", "0.1-1s"]),
                },
                optional={"condition": st.sampled_from(["response.status != 'error'", "nobody", "false"])},
            ),
            min_size=1,
            max_size=3,
        )
    },
    optional={
        "on_start": st.just(["login"]),
        "on_stop": st.just(["logout", "logout"]),
        "pacing": st.just("700ms"),
        "iterations": st.integers(1, 5),
        "stop_at": st.just("iteration"),
    },
)


@given(
    group=groups,
    answers=st.lists(replies, min_size=1, max_size=12),
    stop_at=st.integers(0, 5000),
    grace=st.integers(0, 1500),
    cut_at=st.none() | st.integers(0, 7000),
)
def test_counts_and_user_time_add_up(
    group: dict[str, Any], answers: list[Reply | None], stop_at: int, grace: int, cut_at: int | None
) -> None:
    turn = iter(range(10**9))
    harness = UserHarness(group, script=lambda request: answers[next(turn) % len(answers)])
    harness.start(ordinal=0)
    harness.start(ordinal=1)
    steps = sorted([(stop_at * MS, "stop")] + ([(cut_at * MS, "cut")] if cut_at is not None else []))
    for at, what in steps:
        harness.run_until(at)
        if what == "cut":
            harness.users.cut()
        else:
            for ordinal in range(2):
                harness.stop(at + grace * MS, ordinal=ordinal)
    harness.run_until(20 * S)

    batch = harness.seal()
    check_batch(batch)
    requests = sum(kinds(batch, len(harness.index.steps)).values())
    interrupted, hops = counter(batch, "interrupted"), counter(batch, "hops")
    assert counter(batch, "sent") == requests - counter(batch, "unsent") + interrupted + hops
    assert harness.recorder.begun == requests + interrupted
    assert (harness.active, harness.stopping) == (0, 0)
    assert len({ended[1] for ended in harness.ended}) == len(harness.ended)
    assert cut_at is not None or len(harness.ended) == 2
    active, in_request, thinking, stopping = user_time(batch)
    assert active == in_request + thinking
    assert active + stopping <= 2 * (max(stop_at, 0) + 2 * grace) * MS
