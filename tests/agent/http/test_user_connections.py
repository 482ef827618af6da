"""One connection per origin: found by what the origin holds, kept without a table while there is one, and bounded."""

from dataclasses import replace

import pytest
from http_harness import Clock, Driver, FakeSocket, FakeTransport, answer, make_context, open_dialer, run_server

from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.request import HttpRequest, build_request
from gradual_agent.http.urls import Origin, split_url
from gradual_agent.http.user_connections import MAX_CONNECTIONS, NO_CONNECTIONS, UserConnections
from gradual_common.kinds.failures import KIND
from gradual_common.net.tls import Tls


class Kept(UserConnections):
    """A user's connections, of which nobody has asked one yet."""

    _is_waiting = False

    def __init__(self):
        super().__init__(Dialer(make_context(Clock(0)), {}), self)

    def _run_out_of_time(self):
        raise AssertionError("nothing waits")

    def adopt(self, host):
        """A new connection to a host, and its transport."""
        connection = Http1Connection(self._context, Origin("http", host, 80), FakeSocket())
        transport = FakeTransport()
        connection.connection_made(transport)
        self._adopt(connection)
        return connection, transport

    def find(self, host):
        return self._find(Origin("http", host, 80))


@pytest.fixture(name="kept")
def _kept():
    return Kept()


def test_connections_to_one_origin_need_no_table(kept):
    kept.adopt("one")
    newer, _ = kept.adopt("one")
    assert kept.find("one") is newer
    assert kept._connections is NO_CONNECTIONS


def test_each_connection_is_found_by_its_origin(kept):
    one, _ = kept.adopt("one")
    two, _ = kept.adopt("two")
    assert [kept.find(host) for host in ("one", "two", "one", "three")] == [one, two, one, None]


def test_a_connection_that_is_not_free_is_not_found(kept):
    closed, _ = kept.adopt("one")
    two, _ = kept.adopt("two")
    closed.close()
    assert (kept.find("one"), kept.find("two")) == (None, two)


def test_a_new_connection_takes_the_place_of_the_one_to_its_origin(kept):
    kept.adopt("one")
    two, _ = kept.adopt("two")
    newer, _ = kept.adopt("one")
    assert (kept.find("two"), kept.find("one")) == (two, newer)
    assert kept._open_connections() == {two, newer}


def test_beyond_the_limit_the_oldest_is_closed(kept):
    made = [kept.adopt(f"host-{number}") for number in range(MAX_CONNECTIONS + 1)]
    assert [transport.calls for _, transport in made] == [["close"], *([[]] * MAX_CONNECTIONS)]
    assert kept.find("host-0") is None
    assert kept.find("host-1") is made[1][0]


@pytest.mark.parametrize("hosts", [(), ("one",), ("one", "two"), ("one", "two", "one")])
def test_all_are_closed_at_once_and_forgotten(kept, hosts):
    for host in hosts:
        kept.adopt(host)
    held = kept._open_connections()
    kept._close_connections()
    assert all(connection._transport.calls == ["close"] for connection in held)
    assert (kept.find("one"), kept._open_connections(), NO_CONNECTIONS) == (None, set(), {})


@pytest.mark.parametrize(
    ("deadline", "limited", "why"),
    [
        (9, 9, "the fetch ends before the limit on connecting"),
        (10, 10, "at the same time: what the fetch lacks is a response"),
        (11, 10, "connecting may not take all of the time"),
    ],
)
def test_the_limit_on_connecting_is_the_deadline_if_it_comes_first(kept, deadline, limited, why):
    kept._deadline = deadline
    kept._limit_connecting(10, build_request("GET", "http://one/", connect_timeout=10).settings)
    assert kept._deadline == limited, why
    failure = kept._connect_timeout
    assert (failure is not None and failure.kind == KIND["connect"]) is (deadline > 10), why
    assert len(kept._context.timeline) == (deadline > 10), why


def url(server):
    return f"http://127.0.0.1:{server.port}/"


async def test_each_origin_has_a_connection_of_its_own_that_stays():
    async with run_server(lambda request, number: answer()) as one, run_server(lambda request, number: answer()) as two:
        with open_dialer() as dialer:
            user = Driver(dialer)
            for server in (one, two, one, two):
                await user.fetch("GET", url(server))
            user.client.close()
    assert (one.accepted, two.accepted) == (1, 1)


async def test_a_connection_is_found_again_by_what_its_origin_holds():
    async with (
        run_server(lambda request, number: answer()) as server,
        run_server(lambda request, number: answer()) as other,
    ):
        with open_dialer() as dialer:
            user = Driver(dialer)
            for _ in range(3):
                for port in (server.port, other.port):
                    request = build_request("GET", f"http://127.0.0.1:{port}/")
                    origin = Origin("http", "127.0.0.1", port)
                    assert request.origin is not origin
                    await user.fetch(request)
                    settings = replace(request.settings, origin=origin)
                    await user.fetch(HttpRequest(settings, request.wire, request.head_size))
            user.client.close()
    assert (server.accepted, other.accepted) == (1, 1)
    assert (len(server.requests), len(other.requests)) == (6, 6)


async def test_thousands_of_origins_between_do_not_cost_a_connection():
    """No cache decides which connection is used: the address is the same after any look-ups."""
    async with run_server(lambda *_: answer(b"ok")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            for turn in range(3):
                for number in range(5000):
                    split_url(f"http://host-{turn}-{number}.example/")
                assert (await user.fetch("GET", url(server))).kind == 0
            assert dialer.context.connections == 1
            user.client.close()
    assert server.accepted == 1


async def test_a_user_keeps_a_bounded_number_of_connections():
    """The oldest goes, and what it led to is asked over a new one."""
    async with run_server(lambda *_: answer(b"ok")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            for turn in [*range(MAX_CONNECTIONS + 20), 0, 1]:
                sample = await user.fetch("GET", url(server), tls=Tls(server_name=f"name-{turn}.example"))
                assert sample.kind == 0
            opened = dialer.context.connections
            user.client.close()
    assert server.accepted == MAX_CONNECTIONS + 22
    assert opened <= MAX_CONNECTIONS + 1
