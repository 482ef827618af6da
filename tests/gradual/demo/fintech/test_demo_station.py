"""A station serves in order of arrival, with the capacity that it has."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.demo.fintech.station import Station

arrivals = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=60)
"""Time since the arrival before, and the service time of each job."""


@given(st.integers(1, 5), arrivals)
def test_never_more_jobs_than_servers_and_none_waits_while_one_is_free(
    servers: int, jobs: list[tuple[int, int]]
) -> None:
    station, now, served = Station(servers), 0, []
    for gap, seconds in jobs:
        now += gap
        served.append((now, station.serve(now, seconds), seconds))
    for arrival, (start, end), seconds in served:
        assert end == start + seconds
        running = sum(other.start <= start < other.end for _, other, _ in served)
        assert 1 <= running <= servers
        if start > arrival:
            assert sum(other.start < start <= other.end for _, other, _ in served) == servers, "it waited for a server"
    assert all(first[1].start <= second[1].start for first, second in pairwise(served)), "in order of arrival"


def test_a_full_station_ends_as_many_jobs_a_second_as_its_capacity_says() -> None:
    station = Station(4)
    ends = [station.serve(0.0, 0.4).end for _ in range(400)]
    assert ends[-1] == pytest.approx(400 / (4 / 0.4))


def test_the_wait_is_until_the_first_server_is_free() -> None:
    station = Station(2)
    station.serve(10.0, 3.0)
    assert station.wait(10.0) == 0.0
    station.serve(10.0, 1.0)
    assert station.wait(10.0) == 1.0
    assert station.wait(12.0) == 0.0
