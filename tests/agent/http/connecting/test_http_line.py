"""A user's line delays what is sent and what is seen, and leaves the times of the system as they are."""

import asyncio
import ssl

import pytest
import trustme
from http_harness import FOREVER, GET, Driver, NotedExchange, answer, connect, open_dialer, run_server

from gradual_agent.http.connecting.line import LineConnection
from gradual_agent.http.request import build_request
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_common.clock import NS_PER_MS as MS
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.settings import HttpSettings
from gradual_common.net.line import Line
from gradual_common.net.tls import Tls
from gradual_common.net.ways import Way

LATENCY = 100 * MS
RESPONSE = answer(b"x" * 100)
SIZE, BACK = len(GET.wire), len(RESPONSE)


class Exchange(NotedExchange):
    """Keeps the instants that its user sees."""

    written = None

    def on_response(self, head, data, offset, first_byte, ended, received):
        super().on_response(head, data, offset, first_byte, ended, received)
        self.instants = self.written, first_byte, ended


class Shaped:
    """A connection behind a line, on a clock that is set."""

    def __init__(self, **settings):
        self.inner, self.transport, self.context = connect()
        self.line = LineConnection(self.context, self.inner, Line.model_validate(settings))
        self.clock = self.context.clock
        self.began = self.clock.now
        self.exchange = Exchange()
        assert self.line.send(GET.wire, GET, self.exchange) == 0

    def pass_time(self, ns):
        """Until `ns` after the beginning."""
        self.clock.now = self.began + ns
        self.context.timeline.run_due()

    @property
    def sent(self):
        return self.inner._socket.written


def test_a_request_is_written_after_half_of_the_latency_and_seen_after_the_other():
    shaped = Shaped(latency="100ms")
    shaped.pass_time(LATENCY // 2 - 1)
    assert (shaped.sent, shaped.exchange.begun, shaped.exchange.written, shaped.line.is_free) == (b"", 0, 0, False)
    shaped.pass_time(LATENCY // 2)
    assert (shaped.sent, shaped.exchange.begun) == (GET.wire, 1)
    shaped.pass_time(LATENCY // 2 + 7 * MS)
    shaped.inner.data_received(RESPONSE)
    shaped.pass_time(LATENCY + 7 * MS - 1)
    assert shaped.exchange.outcomes == []
    shaped.pass_time(LATENCY + 7 * MS)
    assert [status for status, *_ in shaped.exchange.outcomes] == [200]
    written, first_byte, ended = shaped.exchange.instants
    assert (ended - shaped.began, ended - written, first_byte - written) == (LATENCY + 7 * MS, 7 * MS, 7 * MS)
    assert shaped.line.is_free
    assert shaped.line.reused


def test_late_timers_of_the_agent_are_in_no_measured_time():
    shaped = Shaped(latency="100ms")
    shaped.pass_time(LATENCY // 2 + 3 * MS)
    shaped.pass_time(LATENCY // 2 + 3 * MS + 7 * MS)
    shaped.inner.data_received(RESPONSE)
    shaped.pass_time(5 * LATENCY)
    written, _, ended = shaped.exchange.instants
    assert (ended - shaped.began, ended - written) == (LATENCY + 7 * MS, 7 * MS)


def test_bytes_take_their_time_on_both_ways():
    shaped = Shaped(bandwidth={"up": "8kbit", "down": "80kbit"})
    up, down = SIZE * MS, BACK * MS // 10
    shaped.pass_time(up - 1)
    assert shaped.sent == b""
    shaped.pass_time(up)
    shaped.inner.data_received(RESPONSE[:50])
    shaped.pass_time(up + down // 2)
    shaped.inner.data_received(RESPONSE[50:])
    shaped.pass_time(10 * (up + down))
    written, first_byte, ended = shaped.exchange.instants
    assert ended - shaped.began == up + down, "the first half was on the line while the system sent the second"
    assert (ended - written, first_byte - written) == (down // 2, 0)


def test_connections_of_one_user_share_its_line():
    lines, line = {}, Line.model_validate({"bandwidth": {"up": "8kbit"}})
    (one, _, context), (other, _, _) = connect(), connect()
    began = context.clock.now
    for inner in (one, other):
        shaped = LineConnection(context, inner, line)
        shaped.share_line(lines)
        shaped.send(GET.wire, GET, Exchange())

    def written_after(ns):
        context.clock.now = began + ns
        context.timeline.run_due()
        return one._socket.written, other._socket.written

    assert written_after(SIZE * MS) == (GET.wire, b"")
    assert written_after(2 * SIZE * MS - 1) == (GET.wire, b"")
    assert written_after(2 * SIZE * MS) == (GET.wire, GET.wire)


async def test_a_client_beside_another_has_its_line():
    way = Way(line=Line.model_validate({"bandwidth": {"down": "10mbit"}}))
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            request = build_request("GET", f"http://127.0.0.1:{server.port}/", way=way)
            alone, other = Driver(dialer), Driver(dialer)
            assert (await alone.fetch(request)).kind == 0
            other.client = alone.client.beside(other)
            assert (await other.fetch(request)).kind == 0
            uses = {driver.client._connection._use for driver in (alone, other)}
            assert len(uses) == 1, "one that was open before, and one that was opened since"
            alone.client.close()
            other.client.close()
    assert server.accepted == 2


@pytest.mark.parametrize("waits_for", ["the request", "the response", "its way back"])
def test_an_exchange_can_be_cancelled_at_any_point(waits_for):
    shaped = Shaped(latency="100ms")
    part = (0, 0)
    if waits_for != "the request":
        shaped.pass_time(LATENCY // 2)
    if waits_for == "its way back":
        shaped.inner.data_received(RESPONSE)
        part = (shaped.clock.now, BACK)
    assert shaped.line.cancel(shaped.exchange) == part
    shaped.pass_time(10 * LATENCY)
    assert shaped.exchange.outcomes == []
    assert shaped.sent == (b"" if waits_for == "the request" else GET.wire)
    assert shaped.transport.calls == ["close"]
    assert len(shaped.context.timeline) == 0


def test_nothing_is_written_after_the_lease():
    shaped = Shaped(latency="100ms")
    shaped.context.lease.ends_at = shaped.began + LATENCY // 2
    shaped.pass_time(LATENCY // 2)
    assert shaped.sent == b""
    ((kind, _, _),) = shaped.exchange.outcomes
    assert kind == INTERRUPTED


def test_an_end_of_the_connection_is_seen_after_half_of_the_latency():
    shaped = Shaped(latency="100ms")
    shaped.pass_time(LATENCY // 2)
    shaped.inner.connection_lost(None)
    shaped.pass_time(LATENCY - 1)
    assert shaped.exchange.outcomes == []
    shaped.pass_time(LATENCY)
    ((kind, _, is_stale),) = shaped.exchange.outcomes
    assert (KINDS[kind], is_stale, shaped.line.is_free) == ("reset", False, False)


def test_a_server_that_is_gone_when_the_request_arrives_is_a_reset():
    shaped = Shaped(latency="100ms")
    shaped.inner._socket.error = BrokenPipeError()
    shaped.pass_time(LATENCY)
    shaped.pass_time(2 * LATENCY)
    ((kind, detail, _),) = shaped.exchange.outcomes
    assert (KINDS[kind], shaped.exchange.begun) == ("reset", 0)
    assert "before the request was written" in detail


AUTHORITY = trustme.CA()


def way(**network):
    return HttpSettings.model_validate({"network": network}).way


@pytest.mark.parametrize(("version", "trips"), [(None, 1), ("TLSv1_3", 2), ("TLSv1_2", 3)])
async def test_each_round_trip_of_a_connection_takes_the_latency(version, trips):
    tls = None
    if version is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion[version]
        AUTHORITY.issue_cert("localhost").configure_cert(tls)
    async with run_server(lambda request, number: answer(b"yes"), ssl=tls) as server:
        with open_dialer({"ca": AUTHORITY.cert_pem.bytes()}) as dialer:
            url = f"{'http' if tls is None else 'https'}://localhost:{server.port}/"
            dns = {"hosts": {"localhost": "127.0.0.1"}}
            way = HttpSettings.model_validate({"network": {"latency": "20ms"}, "dns": dns}).way
            request = build_request("GET", url, tls=Tls(ca="ca"), way=way)
            driver = Driver(dialer)
            first, second = await driver.fetch(request), await driver.fetch(request)
            driver.client.close()
    assert (first.kind, second.kind, first.messages, server.accepted) == (0, 0, 1, 1)
    assert first.connect >= trips * 20 * MS  # At least, whatever the machine does: the delays are computed.
    assert second.connect == -1
    assert first.ended - first.started >= (trips + 1) * 20 * MS
    # Of a sample only the line and the time until it was sent are outside of the exchange.
    assert second.written - second.started >= 20 * MS


@pytest.mark.parametrize("phase", ["connecting", "sending"])
@pytest.mark.parametrize("how", ["interrupt", "cut", "timeout"])
async def test_a_user_is_stopped_in_the_middle_of_a_delay(how, phase):
    """The line is longer than any test: only a stop ends it, and the server sees the end."""
    async with run_server(lambda request, number: answer(b"yes")) as server:
        with open_dialer(lease=Lease(FOREVER)) as dialer:
            network = {"latency": "1h"} if phase == "connecting" else {"bandwidth": {"up": "0.001kbit"}}
            request = build_request("GET", f"http://127.0.0.1:{server.port}/", way=way(**network), timeout=150 * MS)
            driver = Driver(dialer)
            sample = driver.begin(request)
            while not (dialer.context.connections and server.accepted):
                await asyncio.sleep(0)
            if how == "timeout":
                await driver.wait()
                assert KINDS[sample.kind] == "timeout"
            elif how == "interrupt":
                driver.client.interrupt()
                await driver.wait()
                assert sample.kind == INTERRUPTED
            else:
                driver.client.cut()
                assert sample.kind == INTERRUPTED
            driver.client.close()
            await asyncio.wait_for(server.ended.wait(), 20)
        assert (sample.messages, sample.bytes_sent, server.requests) == (0, 0, [])
