"""User time is exact at every frame's end, and none is lost."""

from agent_recording import HEALTH, S, cells, recorder, times
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.batch_checks import check_batch


def test_iterations_are_a_series_of_their_own_for_each_group() -> None:
    made, _ = recorder()
    made.groups[0].finish_iteration(10, 500, False)
    made.groups[1].finish_iteration(20, 700, True)
    made.groups[1].finish_iteration(30, 300, False)
    batch = made.seal(0, 0, HEALTH)
    check_batch(batch)
    assert cells(batch) == {(0, 3, ""): 1, (0, 4, ""): 2}
    assert times(batch, "iteration") == [(1, 500), (2, 1000)]
    assert batch.iterations.tolist() == [[[1, 0], [2, 1]]]


def test_how_late_a_paced_iteration_ended_is_in_the_frame_of_its_iteration() -> None:
    made, _ = recorder([(0, 0), (300, 1)])
    for at, took, since_due in ((100, 90, 90), (400, 150, 250)):
        made.groups[0].finish_iteration(at, took, False)
        made.groups[0].add_paced(since_due)
    made.groups[1].finish_iteration(400, 40, False)
    batch = made.seal(0, 0, HEALTH)
    check_batch(batch)
    assert times(batch, "paced") == [(1, 90), (1, 250)], "the group without pacing has none"
    assert sorted(times(batch, "iteration")) == [(1, 40), (1, 90), (1, 150)]


def test_user_time_is_cut_exactly_at_the_ends_of_frames() -> None:
    made, _ = recorder([(0, 0), (300, 1)])
    meter = made.groups[1]
    meter.enter(100)
    meter.begin_request(200)
    meter.end_request(400)
    meter.begin_thinking(400)
    meter.end_thinking(S + 50)
    meter.begin_stopping(S + 60)
    meter.end_stopping(S + 90)
    first, second = made.seal(0, 0, HEALTH), made.seal(1, 0, HEALTH)
    assert first.users[:, 1].tolist() == [[200, 100, 0, 0], [S - 300, 100, S - 400, 0]]
    assert second.users[:, 1].tolist() == [[60, 0, 50, 30]]
    assert first.users[:, 0].tolist() == [[0] * 4] * 2


@given(st.lists(st.tuples(st.integers(0, 5 * S), st.integers(0, 5 * S)), max_size=20))
def test_over_all_frames_user_time_is_the_sum_of_all_stays(stays: list[tuple[int, int]]) -> None:
    made, _ = recorder([(0, 0), (S // 3, 1), (2 * S + 1, 2)])
    meter = made.groups[0]
    moves = sorted(
        [(min(stay), meter.enter) for stay in stays] + [(max(stay), meter.leave) for stay in stays], key=first
    )
    for at, move in moves:
        move(at)
    users = [made.seal(interval, 0, HEALTH).users for interval in range(6)]
    assert sum(int(column[:, 0, 0].sum()) for column in users) == sum(max(stay) - min(stay) for stay in stays)
    assert all((column >= 0).all() for column in users)


def first(pair: tuple[int, object]) -> int:
    return pair[0]


def test_a_stamp_from_before_the_frame_makes_no_time_negative_and_none_is_lost() -> None:
    made, _ = recorder()
    meter = made.groups[0]
    meter.enter(S - 500)
    made.roll(S)
    meter.leave(S - 100)
    batches = [made.seal(interval, 0, HEALTH) for interval in range(2)]
    meter.enter(2 * S + 50)
    meter.leave(2 * S + 250)
    batches.append(made.seal(2, 0, HEALTH))
    assert [int(batch.users[0, 0, 0]) for batch in batches] == [500, 0, 100]
