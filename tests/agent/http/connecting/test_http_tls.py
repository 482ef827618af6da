"""HTTP inside TLS, against real servers: trust, identity, ALPN, and the same counting as without."""

import asyncio
import socket
import ssl

import pytest
import trustme
from http_harness import (
    FOREVER,
    GET,
    Driver,
    FakeSocket,
    FakeTransport,
    NotedExchange,
    answer,
    make_context,
    open_dialer,
    run_server,
)

from gradual_agent.http.connecting import tls
from gradual_agent.http.connecting.resolver import Addresses, read_literal
from gradual_agent.http.connecting.tls import TlsConnection
from gradual_agent.http.request import build_request
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_common.errors import TlsFileError
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.net.tls import Tls

AUTHORITY = trustme.CA()
SERVER = AUTHORITY.issue_cert("localhost", "127.0.0.1")
CLIENT = AUTHORITY.issue_cert("agent@example.org")
STRANGER = trustme.CA().issue_cert("localhost", "127.0.0.1")
ASSETS = {
    "ca.pem": AUTHORITY.cert_pem.bytes(),
    "client.pem": CLIENT.cert_chain_pems[0].bytes(),
    "client.key": CLIENT.private_key_pem.bytes(),
    "broken.pem": b"not a certificate",
}
TRUSTING = Tls(ca="ca.pem")


def server_context(certificate=SERVER, protocols=("http/1.1",), wants_client=False):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    context.set_alpn_protocols(list(protocols))
    if wants_client:
        AUTHORITY.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def run_tls_server(script=lambda request, number: answer(b"ok"), **options):
    return run_server(script, ssl=server_context(**options))


async def fetch(server, tls=TRUSTING, host="127.0.0.1", **options):
    with open_dialer(assets=ASSETS) as dialer:
        user = Driver(dialer)
        sample = await user.fetch("GET", f"https://{host}:{server.port}/", tls=tls, **options)
        user.client.close()
    return sample


async def test_a_fetch_over_tls_counts_its_handshake_as_connect():
    async with run_tls_server() as server:
        with open_dialer(assets=ASSETS) as dialer:
            user = Driver(dialer)
            url = f"https://127.0.0.1:{server.port}/"
            samples = [await user.fetch("GET", url, tls=TRUSTING, wants_body=True) for _ in range(3)]
            user.client.close()
    assert [(sample.kind, sample.messages, sample.response.body) for sample in samples] == [(0, 1, b"ok")] * 3
    assert samples[0].connect > 0
    assert samples[1].connect == -1
    assert samples[0].bytes_sent == len(server.requests[0])
    assert (server.accepted, len(server.requests)) == (1, 3)


async def test_large_bodies_go_both_ways_inside_tls():
    body = bytes(range(256)) * 12_000
    async with run_tls_server(lambda request, number: answer(request[-len(body) :])) as server:
        with open_dialer(assets=ASSETS) as dialer:
            user = Driver(dialer)
            url = f"https://127.0.0.1:{server.port}/"
            sample = await user.fetch("POST", url, (), body, tls=TRUSTING, wants_body=True)
            user.client.close()
    assert (sample.kind, sample.response.body) == (0, body)


@pytest.mark.parametrize(
    ("certificate", "tls", "message"),
    [
        (STRANGER, TRUSTING, "not trusted"),
        (AUTHORITY.issue_cert("elsewhere.example"), TRUSTING, "not trusted"),
        (SERVER, Tls(ca="ca.pem", server_name="elsewhere.example"), "not trusted"),
        (SERVER, Tls(ca="absent.pem"), "absent.pem"),
        (SERVER, Tls(ca="broken.pem"), "cannot be used"),
        (SERVER, Tls(ca="ca.pem", cert="broken.pem"), "cannot be used"),
    ],
    ids=["unknown authority", "another name", "the name that was asked for", "no asset", "no CA", "no identity"],
)
async def test_a_server_that_is_not_trusted_is_sent_nothing(certificate, tls, message):
    async with run_tls_server(certificate=certificate) as server:
        sample = await fetch(server, tls)
    assert (KINDS[sample.kind], sample.messages, server.requests) == ("tls", 0, [])
    assert message in sample.detail


async def test_verification_can_be_switched_off():
    async with run_tls_server(certificate=STRANGER) as server:
        assert (await fetch(server, Tls(verify=False))).kind == 0


async def test_the_server_name_can_be_set():
    async with run_tls_server(certificate=AUTHORITY.issue_cert("system.example")) as server:
        assert (await fetch(server, Tls(ca="ca.pem", server_name="system.example"))).kind == 0


async def test_the_agent_shows_its_certificate():
    async with run_tls_server(wants_client=True) as server:
        known = await fetch(server, Tls(ca="ca.pem", cert="client.pem", key="client.key"))
        assert (known.kind, len(server.requests)) == (0, 1)
        unknown = await fetch(server)
    assert KINDS[unknown.kind] in ("tls", "reset")
    assert len(server.requests) == 1


async def test_a_server_that_speaks_plain_http_fails_the_handshake():
    async def complain(reader, writer):
        await reader.read(1)
        writer.write(answer(b"", "400 The plain HTTP request was sent to HTTPS port"))
        writer.close()

    listener = await asyncio.start_server(complain, "127.0.0.1", 0)
    with open_dialer(assets=ASSETS) as dialer:
        url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        sample = await Driver(dialer).fetch("GET", url, tls=TRUSTING)
    listener.close()
    assert (KINDS[sample.kind], sample.messages) == ("tls", 0)


async def test_a_server_that_closes_within_the_handshake():
    listener = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    with open_dialer(assets=ASSETS) as dialer:
        url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        sample = await Driver(dialer).fetch("GET", url, tls=TRUSTING)
    listener.close()
    assert (KINDS[sample.kind], sample.messages) == ("tls", 0)
    assert "handshake failed" in sample.detail


async def test_bytes_that_cannot_be_decrypted_end_the_exchange():
    async with run_server(lambda request, number: asyncio.Event().wait(), ssl=server_context()) as server:
        with open_dialer(assets=ASSETS) as dialer:
            user = Driver(dialer)
            sample = user.begin(build_request("GET", f"https://127.0.0.1:{server.port}/", tls=TRUSTING))
            await server.arrived.wait()
            user.client._connection.data_received(b"\x17\x03\x03\x00\x05bytes")
            await user.wait()
    assert (KINDS[sample.kind], sample.messages) == ("tls", 1)
    assert sample.detail.startswith("what came cannot be decrypted: ")


SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


async def test_a_server_that_knows_http2_only_is_a_failure_that_says_so():
    """It does not choose from what ALPN offers, and announces itself in frames."""

    async def announce(reader, writer):
        writer.write(SETTINGS)
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(announce, "127.0.0.1", 0, ssl=server_context(protocols=("h2",)))
    with open_dialer(assets=ASSETS) as dialer:
        url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        sample = await Driver(dialer).fetch("GET", url, tls=TRUSTING)
    listener.close()
    assert KINDS[sample.kind] == "protocol"
    assert "HTTP/2" in sample.detail
    assert "HTTP/1.1 only" in sample.detail


def count_bytes(listener):
    """A server in a thread of its own: answers the first request, then reads to the end (asyncio's drops some)."""
    accepted, _ = listener.accept()
    with server_context().wrap_socket(accepted, server_side=True) as peer:
        peer.recv(65536)
        peer.sendall(answer())
        total = 0
        while piece := peer.recv(65536):
            total += len(piece)
        return total


async def test_of_an_interrupted_request_what_was_written_arrives_inside_tls_and_no_more():
    """TLS delivers whole records of 16 KiB, so that the last one may be missing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        counting = asyncio.create_task(asyncio.to_thread(count_bytes, listener))
        with open_dialer(assets=ASSETS) as dialer:
            user = Driver(dialer)
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            await user.fetch("GET", url, tls=TRUSTING)
            sample = user.begin(build_request("POST", url, (), bytes(40_000_000), tls=TRUSTING))
            user.client.interrupt()
            total = await counting
    assert (sample.kind, sample.messages) == (INTERRUPTED, 1)
    assert 0 <= sample.bytes_sent - total <= 17_000
    assert total < 4_000_000


async def test_a_body_until_the_server_closes_inside_tls():
    async with run_tls_server(lambda request, number: (b"HTTP/1.1 200 OK\r\n\r\nall",)) as server:
        sample = await fetch(server, wants_body=True)
    assert (sample.kind, sample.response.body) == (0, b"all")


async def test_a_stale_connection_inside_tls_is_replaced():
    async with run_tls_server(lambda request, number: None if number == 2 else answer()) as server:
        with open_dialer(assets=ASSETS) as dialer:
            user = Driver(dialer)
            url = f"https://127.0.0.1:{server.port}/"
            await user.fetch("GET", url, tls=TRUSTING)
            sample = await user.fetch("GET", url, tls=TRUSTING)
            user.client.close()
    assert (sample.kind, sample.resent, sample.messages) == (0, 1, 2)


@pytest.mark.parametrize(("host", "asked"), [("localhost", "localhost"), ("localhost.", "localhost")])
async def test_the_dot_at_the_end_of_a_name_is_not_for_tls(host, asked):
    named = []
    context = server_context()
    context.sni_callback = lambda session, name, _: named.append(name)
    async with run_server(lambda request, number: answer(b"ok"), ssl=context) as server:
        with open_dialer(assets=ASSETS) as dialer:
            address = Addresses([read_literal("127.0.0.1", server.port)])
            dialer.resolver._keep((host, server.port), (FOREVER, address))
            user = Driver(dialer)
            sample = await user.fetch("GET", f"https://{host}:{server.port}/", tls=TRUSTING)
            user.client.close()
    assert (sample.kind, sample.detail, named) == (0, "", [asked])
    assert f"\r\nHost: {host}:{server.port}\r\n".encode() in server.requests[0]


async def test_contexts_are_made_before_the_run_and_one_serves_any_number_of_names(monkeypatch):
    with open_dialer(assets=ASSETS) as dialer:
        named = [Tls(ca="ca.pem", server_name=f"h{number}.example") for number in range(3000)]
        dialer.contexts.prepare([*named, Tls(ca="ca.pem", verify=False)])
        monkeypatch.setattr(tls, "make_context", None)
        contexts = {id(dialer.contexts.context_for(settings)) for settings in named}
        assert len(contexts) == 1
        assert id(dialer.contexts.context_for(Tls(ca="ca.pem", verify=False))) not in contexts


async def test_what_cannot_be_made_ready_is_an_error_before_the_run():
    with open_dialer(assets=ASSETS) as dialer, pytest.raises(TlsFileError, match=r"tls\.ca: it holds no certificate"):
        dialer.contexts.prepare([Tls(ca="broken.pem")])


HELLO = b"hello"
ABRUPT = [
    # response, kind, body, why
    (answer(HELLO, "200 OK", "Connection: close"), "", HELLO, "a body of known length is whole"),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "",
        HELLO,
        "the last chunk ends the body",
    ),
    (b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n", "", b"", "there is no body"),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "protocol", None, "whether that was all is not known"),
    (b"HTTP/1.1 200 OK\r\n\r\n", "protocol", None, "whether there was a body is not known"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "reset", None, "the length tells that it was not all"),
    (b"HTTP/1.1 200 OK\r\nConte", "reset", None, "the head was not all"),
]


def answer_and_drop(listener, response):
    """Sends, then ends TCP without the alert that ends TLS."""
    accepted, _ = listener.accept()
    peer = server_context().wrap_socket(accepted, server_side=True)
    peer.recv(65536)
    peer.sendall(response)
    socket.socket(fileno=peer.detach()).close()


@pytest.mark.parametrize("row", ABRUPT, ids=lambda row: row[-1])
async def test_tls_that_ends_without_a_word_ends_no_body(row):
    """RFC 9112, 9.8: the end of TCP may be forged, that of TLS may not."""
    response, kind, body, _ = row
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = asyncio.create_task(asyncio.to_thread(answer_and_drop, listener, response))
        with open_dialer(assets=ASSETS) as dialer:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            sample = await Driver(dialer).fetch("GET", url, tls=TRUSTING, wants_body=True)
        await answering
    assert KINDS[sample.kind] == kind
    if kind:
        assert sample.response is None
    else:
        assert sample.response.body == body
    if kind == "protocol":
        assert "without ending TLS" in sample.detail


class Layer:
    """A TLS layer that seals nothing and has something to say after each read."""

    def __init__(self):
        self.outgoing = b""

    def encrypt(self, data):
        return bytes(data)

    def decrypt(self, data):
        self.outgoing = b"<update>"
        return data, False

    @property
    def has_outgoing(self):
        return bool(self.outgoing)

    def take_outgoing(self):
        outgoing, self.outgoing = self.outgoing, b""
        return outgoing

    def close_notify(self):
        return b"<bye>"


def connect_inside_tls(room=FOREVER):
    layer, sock = Layer(), FakeSocket()
    context = make_context()
    connection = TlsConnection(context, GET.origin, sock, layer)
    connection._transport = transport = FakeTransport()
    connection.is_free = True
    sock.room = room
    return connection, sock, transport, context


def test_what_the_layer_answers_goes_out_in_its_turn():
    """A key is renewed: the answer goes before the next request, and after the sealed part of an upload."""
    connection, sock, _, _ = connect_inside_tls()
    connection.send(b"one", GET, NotedExchange())
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    connection.send(b"two", GET, NotedExchange())
    assert sock.written == b"one<update>two"
    connection, sock, _, context = connect_inside_tls(room=1)
    connection.send(b"three", GET, NotedExchange())
    connection.data_received(b"HTTP/1.1 100 X\r\n\r\n")
    sock.room = FOREVER
    context.loop.have_room()
    assert sock.written == b"three<update>"


class BreakingLayer(Layer):
    """A session in which a broken record follows what can be read, in the same bytes from the socket."""

    def decrypt(self, data):
        error = ssl.SSLError(1, "bad record")
        error.reason = "BAD_RECORD"
        return data, error


@pytest.mark.parametrize(
    ("plain", "outcome"),
    [
        (b"HTTP/1.1 204 X\r\n\r\n", 204),
        (b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok", 200),
        (b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\no", KIND["tls"]),
        (b"HTTP/1.1 200 X\r\n\r\nok", KIND["tls"]),
        (b"", KIND["tls"]),
    ],
)
def test_a_record_that_cannot_be_read_takes_no_response_with_it(plain, outcome):
    connection, _, transport, _ = connect_inside_tls()
    connection._layer = BreakingLayer()
    noted = NotedExchange()
    connection.send(b"one", GET, noted)
    connection.data_received(plain)
    assert [found[0] for found in noted.outcomes] == [outcome]
    assert transport.calls == ["abort"]
    assert not connection.is_free


def test_a_request_that_follows_a_response_with_a_broken_record_is_stale():
    """It was written before the record was read, so an idempotent one is sent again."""
    connection, _, _, _ = connect_inside_tls()
    connection._layer = BreakingLayer()
    second = NotedExchange()

    class First(NotedExchange):
        def on_response(self, *arguments):
            connection.send(b"two", GET, second)

    connection.send(b"one", GET, First())
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    assert [(kind, is_stale) for kind, _, is_stale in second.outcomes] == [(KIND["tls"], True)]


def test_an_answer_of_the_layer_that_does_not_fit_takes_the_connection():
    connection, sock, _, context = connect_inside_tls()
    noted = NotedExchange()
    connection.send(b"one", GET, noted)
    sock.room = 3
    connection.data_received(b"HTTP/1.1 204 X\r\n")
    assert not connection.is_free
    sock.room = FOREVER
    context.loop.have_room()
    connection.data_received(b"\r\n")
    assert sock.written == b"one<update><update>"
    assert [outcome[0] for outcome in noted.outcomes] == [204]


def test_an_answer_of_the_layer_that_cannot_be_written_leaves_what_came():
    connection, sock, _, _ = connect_inside_tls()
    noted = NotedExchange()
    connection.send(b"one", GET, noted)
    sock.error = BrokenPipeError(32, "x")
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    assert [outcome[0] for outcome in noted.outcomes] == [204]


def test_no_close_notify_follows_a_message_that_was_cut_off_or_a_lease_that_is_over():
    for room, ends_at, written in ((FOREVER, FOREVER, b"<bye>"), (1, FOREVER, b""), (FOREVER, 0, b"")):
        connection, _, transport, context = connect_inside_tls(room)
        connection.send(b"one", GET, NotedExchange())
        context.lease.ends_at = ends_at
        connection.close()
        assert (transport.written, transport.calls) == (written, ["close" if written else "abort"])


class EndedLayer:
    """A session that the server ended right after the handshake."""

    def encrypt(self, data):
        raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "protocol is shutdown")


def test_a_session_that_the_server_ended_after_the_handshake_takes_no_request():
    noted = NotedExchange()
    connection = TlsConnection(make_context(), GET.origin, FakeSocket(), EndedLayer())
    assert connection.send(GET.wire, GET, noted) == -1
    assert noted.outcomes == []
