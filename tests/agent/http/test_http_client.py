"""Fetches over real connections on loopback: what was sent, what it counts as, and what came of it."""

import asyncio
import contextlib
import errno
import gzip
import socket
import struct

import pytest
from http_harness import FOREVER, Driver, answer, open_dialer, run_server

from gradual_agent.http.request import build_request
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import read_clock
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.failures import KINDS

MS = NS_PER_MS


def url(server, path="/"):
    return f"http://127.0.0.1:{server.port}{path}"


async def never(request, number):
    await asyncio.Event().wait()


async def test_a_fetch_fills_the_sample():
    async with run_server(lambda request, number: answer(b"hello")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server), wants_body=True, wants_headers=True)
            again = await user.fetch("GET", url(server))
            user.client.close()
    assert (sample.kind, sample.status_code, sample.messages, sample.hops, sample.resent) == (0, 200, 1, 0, 0)
    assert sample.started < sample.written < sample.first_byte <= sample.ended
    assert 0 < sample.connect <= sample.written - sample.started
    assert sample.bytes_sent == len(server.requests[0])
    assert sample.bytes_received == len(answer(b"hello"))
    assert (sample.response.body, sample.response.headers["content-length"]) == (b"hello", "5")
    assert (again.connect, again.response, server.accepted) == (-1, None, 1)


async def test_requests_of_one_user_go_over_one_connection_and_users_share_none():
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            users = [Driver(dialer) for _ in range(3)]
            for user in users * 3:
                assert (await user.fetch("GET", url(server))).kind == 0
            assert dialer.context.connections == 3
            for user in users:
                user.client.close()
    assert (server.accepted, len(server.requests)) == (3, 9)


# ── Redirects ──────────────────────────────────────────────────────────────────────────────────────────────────────


def redirecting(status, target="/there"):
    def script(request, number):
        return answer(b"", f"{status} X", f"Location: {target}") if b" / " in request else answer(b"there")

    return script


@pytest.mark.parametrize(
    ("status", "method", "expected", "has_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "DELETE", "GET", False),
        (307, "POST", "POST", True),
        (308, "POST", "POST", True),
        (302, "PUT", "PUT", True),
        (303, "HEAD", "HEAD", False),
    ],
)
async def test_redirects_change_the_method_as_browsers_do(status, method, expected, has_body):
    def script(request, number):
        if b" / " in request:
            return answer(b"", f"{status} X", "Location: /there")
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if request.startswith(b"HEAD") else b"ok")

    body = b"" if method == "HEAD" else b"a=1"
    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch(method, url(server), {"Content-Type": "x/y"}, body)
            user.client.close()
    assert (sample.kind, sample.status_code, sample.hops, sample.messages) == (0, 200, 1, 2)
    second = server.requests[1]
    assert second.startswith(f"{expected} /there HTTP/1.1\r\n".encode())
    assert second.endswith(b"a=1") is has_body
    assert (b"Content-Type: x/y" in second) is (expected == method)


async def test_the_last_allowed_redirect_is_followed_and_the_next_is_a_failure():
    def script(request, number):
        return answer(b"", "302 X", f"Location: /{number}") if number <= 3 else answer()

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            assert (await user.fetch("GET", url(server), follow_redirects=3)).hops == 3
            server.requests.clear()
            sample = await user.fetch("GET", url(server), follow_redirects=2)
            user.client.close()
    assert (KINDS[sample.kind], sample.hops, sample.messages, sample.status_code) == ("redirect", 2, 3, 302)
    assert "more than 2 redirects" in sample.detail


async def test_redirects_are_left_alone_when_they_are_off():
    async with run_server(redirecting(302)) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server), follow_redirects=0)
            user.client.close()
    assert (sample.kind, sample.status_code, sample.messages) == (0, 302, 1)


async def test_a_redirect_to_nowhere_is_a_failure_of_its_own_kind():
    async with run_server(redirecting(302, "ftp://elsewhere/")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server))
            user.client.close()
    assert (KINDS[sample.kind], sample.messages) == ("redirect", 1)


async def test_credentials_do_not_go_to_another_origin():
    async with (
        run_server(lambda request, number: answer()) as other,
        run_server(redirecting(307, f"http://127.0.0.1:{other.port}/x")) as server,
    ):
        with open_dialer() as dialer:
            user = Driver(dialer)
            headers = {"Authorization": "Bearer t", "Cookie": "a=1", "X-Kept": "1"}
            sample = await user.fetch("GET", url(server), headers)
            user.client.close()
    assert (sample.kind, sample.hops) == (0, 1)
    assert b"Authorization" not in other.requests[0]
    assert b"Cookie" not in other.requests[0]
    assert b"X-Kept: 1" in other.requests[0]
    assert f"Host: 127.0.0.1:{other.port}".encode() in other.requests[0]


# ── Cookies ────────────────────────────────────────────────────────────────────────────────────────────────────────


def setting_cookies(request, number):
    return answer(b"", "200 OK", f"Set-Cookie: n={number}; Path=/") if b"/set" in request else answer()


async def test_cookies_come_back_on_the_next_request_after_the_plans_own():
    async with run_server(setting_cookies) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server, "/set"))
            await user.fetch("GET", url(server), {"Cookie": "own=1"})
            await user.fetch("GET", url(server))
            assert user.client.cookie("n") == "1"
            user.client.end_iteration()
            static = build_request("GET", url(server))
            await user.fetch(static)
            assert user.client._add_cookies(static) is user.client._add_cookies(static), "cached"
            user.client.close()
    assert b"Cookie" not in server.requests[0]
    assert b"Cookie: own=1; n=1\r\n" in server.requests[1]
    assert b"Cookie: n=1\r\n" in server.requests[2]
    assert b"Cookie: n=1\r\n" in server.requests[3]


async def test_cookies_of_a_redirect_go_with_the_next_hop():
    def script(request, number):
        if b"/login" in request:
            return answer(b"", "303 X", "Location: /home", "Set-Cookie: s=1")
        return answer()

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("POST", url(server, "/login"), (), b"x")
            user.client.close()
    assert b"Cookie: s=1\r\n" in server.requests[1]


async def test_what_lasts_for_an_iteration_ends_with_it():
    async with run_server(setting_cookies) as server:
        with open_dialer() as dialer:
            user = Driver(dialer, cookies="per_iteration", connections="per_iteration")
            for _ in range(2):
                await user.fetch("GET", url(server, "/set"))
                user.client.end_iteration()
    assert server.accepted == 2
    assert b"Cookie" not in server.requests[1]


async def test_a_user_that_keeps_no_connection_says_so_each_time():
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer, connections="close")
            samples = [await user.fetch("GET", url(server)) for _ in range(2)]
    assert [sample.kind for sample in samples] == [0, 0]
    assert server.accepted == 2
    assert all(b"Connection: close\r\n" in request for request in server.requests)


# ── Bodies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_body_is_decoded_when_something_reads_it():
    body = gzip.compress(b"hello")
    async with run_server(lambda request, number: answer(body, "200 OK", "Content-Encoding: gzip")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            read = await user.fetch("GET", url(server), wants_body=True)
            limited = await user.fetch("GET", url(server), wants_body=True, max_body=len(body))
            user.client.close()
    assert read.response.body == b"hello"
    assert limited.response.text == "hello"


@pytest.mark.parametrize(
    ("body", "limit", "kind"),
    [(gzip.compress(bytes(5000)), 4999, "body_too_large"), (b"no gzip", None, "protocol")],
)
async def test_a_body_that_cannot_be_decoded_is_a_failure(body, limit, kind):
    async with run_server(lambda request, number: answer(body, "200 OK", "Content-Encoding: gzip")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server), wants_body=True, max_body=limit)
            user.client.close()
    assert (KINDS[sample.kind], sample.status_code) == (kind, 200)


async def test_a_body_until_the_server_closes():
    async with run_server(lambda request, number: (b"HTTP/1.1 200 OK\r\n\r\nall of it",)) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            samples = [await user.fetch("GET", url(server), wants_body=True) for _ in range(2)]
            user.client.close()
    assert [(sample.kind, sample.response.body) for sample in samples] == [(0, b"all of it")] * 2
    assert server.accepted == 2


async def test_large_bodies_go_both_ways():
    body = bytes(range(256)) * 20_000
    async with run_server(lambda request, number: answer(request[-len(body) :]), limit=2**16) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("POST", url(server), (), body, wants_body=True)
            user.client.close()
    assert (sample.kind, sample.messages) == (0, 1)
    assert sample.response.body == body


# ── Connections that end ───────────────────────────────────────────────────────────────────────────────────────────


def closing_on_second(request, number):
    """The second request finds a connection that the server has just given up."""
    return None if number == 2 else answer(b"ok")


async def test_a_request_on_a_stale_connection_is_sent_again_once():
    async with run_server(closing_on_second) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server))
            sample = await user.fetch("GET", url(server))
            user.client.close()
    assert (sample.kind, sample.resent, sample.messages, len(server.requests)) == (0, 1, 2, 3)


async def test_a_request_that_could_not_be_written_is_sent_again_with_any_method():
    """The kernel refuses the write, so nothing has reached the server."""
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server))
            user.client._connection._socket.shutdown(socket.SHUT_WR)
            sample = await user.fetch("POST", url(server), body=b"once")
            user.client.close()
    assert (sample.kind, sample.messages, sample.resent, sample.status_code) == (0, 1, 0, 200)
    assert [request.split()[0] for request in server.requests] == [b"GET", b"POST"]
    assert server.accepted == 2


async def test_a_request_that_changes_something_is_not_sent_again():
    async with run_server(closing_on_second) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("POST", url(server), (), b"x")
            sample = await user.fetch("POST", url(server), (), b"x")
            user.client.close()
    assert (KINDS[sample.kind], sample.resent, sample.messages, len(server.requests)) == ("reset", 0, 1, 2)


async def test_a_server_that_always_closes_is_asked_once_on_a_fresh_connection():
    async with run_server(lambda request, number: None) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server))
    assert (KINDS[sample.kind], sample.messages, len(server.requests)) == ("reset", 1, 1)
    assert (sample.status_code, sample.resent) == (0, 0)


async def test_a_reset_is_a_failure_of_its_own_kind():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    with open_dialer() as dialer:
        user = Driver(dialer)
        sample = user.begin(build_request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        peer, _ = await loop.sock_accept(listener)
        await loop.sock_recv(peer, 65536)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        await user.wait()
    listener.close()
    assert (KINDS[sample.kind], sample.messages) == ("reset", 1)


async def test_a_refused_connection_sends_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with open_dialer() as dialer:
        sample = await Driver(dialer).fetch("GET", f"http://127.0.0.1:{port}/")
    assert (KINDS[sample.kind], sample.messages, sample.written, sample.connect) == ("connect", 0, 0, -1)
    assert f"127.0.0.1:{port}: connection refused" in sample.detail
    assert sample.ended >= sample.started


async def test_a_name_that_does_not_exist_sends_nothing(monkeypatch):
    async def getaddrinfo(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with open_dialer() as dialer:
        monkeypatch.setattr(dialer.context.loop, "getaddrinfo", getaddrinfo)
        sample = await Driver(dialer).fetch("GET", "http://nowhere.invalid/")
    assert (KINDS[sample.kind], sample.messages) == ("dns", 0)
    assert sample.detail == "nowhere.invalid cannot be resolved: name or service not known"


async def test_a_mistake_while_connecting_does_not_leave_the_user_waiting(monkeypatch):
    async def getaddrinfo(*_, **__):
        raise RuntimeError("a mistake")

    with open_dialer() as dialer:
        monkeypatch.setattr(dialer.context.loop, "getaddrinfo", getaddrinfo)
        with pytest.raises(RuntimeError, match="a mistake"):
            await Driver(dialer).fetch("GET", "http://system.example/")


async def test_a_request_to_a_user_that_was_let_go_opens_no_connection():
    """The connection is there in the same turn of the loop in which the user is interrupted: it is closed again."""
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            user.begin(build_request("GET", url(server)))
            dialer.context.loop.call_soon(user.client.interrupt)
            await user.wait()
            await user.fetch("GET", url(server))
            assert dialer.context.connections == 1
            user.client.close()
    assert len(server.requests) == 1


async def test_an_address_that_does_not_answer_leaves_the_next_one_its_share_of_the_time(monkeypatch):
    async with run_server(lambda request, number: answer()) as server:
        with silence() as silent, open_dialer() as dialer:
            found = {"127.0.0.1": server.port, "127.0.0.2": silent}

            async def getaddrinfo(*_, **__):
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found.items()]

            monkeypatch.setattr(dialer.context.loop, "getaddrinfo", getaddrinfo)
            user = Driver(dialer)
            sample = await user.fetch("GET", "http://system.example/", connect_timeout=100 * MS)
            assert (KINDS[sample.kind], sample.messages) == ("", 1)
            assert sample.connect >= 50 * MS
            user.client.close()
            assert len(dialer.context.timeline) == 0


async def test_the_loop_tells_when_a_connection_that_took_a_while_is_there(monkeypatch):
    """Across a network it is not when `connect` returns."""
    connect = socket.socket.connect_ex
    monkeypatch.setattr(socket.socket, "connect_ex", lambda sock, address: (connect(sock, address), errno.EALREADY)[1])
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server))
            assert (KINDS[sample.kind], sample.messages) == ("", 1)
            user.client.close()


async def test_a_connection_that_is_refused_after_a_while_sends_nothing():
    """The listener is gone when the kernel asks again, a second later."""
    with open_dialer() as dialer:
        user = Driver(dialer)
        with silence() as port:
            sample = user.begin(build_request("GET", f"http://127.0.0.2:{port}/"))
        await user.wait()
    assert (KINDS[sample.kind], sample.messages) == ("connect", 0)
    assert f"127.0.0.2:{port}: connection refused" in sample.detail


async def test_the_next_address_is_tried_and_the_dead_one_last_from_then_on(monkeypatch):
    asked = []

    async def getaddrinfo(host, port, **options):
        if host != "system.example":  # uvloop asks for addresses too
            return await ask_the_system(host, port, **options)
        asked.append(host)
        found = [("127.0.0.2", dead), ("127.0.0.1", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]

    with socket.create_server(("127.0.0.2", 0)) as listener:
        dead = listener.getsockname()[1]
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            ask_the_system = dialer.context.loop.getaddrinfo
            monkeypatch.setattr(dialer.context.loop, "getaddrinfo", getaddrinfo)
            users = [Driver(dialer) for _ in range(3)]
            for user in users:
                sample = await user.fetch("GET", f"http://system.example:{server.port}/")
                assert (sample.kind, sample.detail) == (0, "")
                user.client.close()
    assert asked == ["system.example"]
    assert b"Host: system.example:" in server.requests[0]


async def test_ipv6_addresses_are_written_in_brackets():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with run_server(lambda request, number: answer(), host="::1") as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", f"http://[::1]:{server.port}/")
            user.client.close()
    assert sample.kind == 0
    assert f"Host: [::1]:{server.port}\r\n".encode() in server.requests[0]


# ── Timeouts ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_timeout_ends_the_fetch_and_the_connection():
    async with run_server(lambda request, number: answer() if number == 1 else never(request, number)) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server))  # opens the connection, so that the next request is sent at once
            server.arrived.clear()
            sample = await user.fetch("GET", url(server), timeout=30 * MS)
            assert len(dialer.context.timeline) == 0
            await asyncio.wait_for(server.arrived.wait(), 20)
            while dialer.context.connections:
                await asyncio.sleep(0)
    assert (KINDS[sample.kind], sample.messages, len(server.requests)) == ("timeout", 1, 2)
    assert sample.ended - sample.started >= 30 * MS


async def test_the_alarm_of_an_earlier_fetch_does_not_end_a_later_one():
    release = asyncio.Event()

    async def script(request, number):
        if number == 2:
            await release.wait()
        return answer()

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server), timeout=20 * MS)
            sample = user.begin(build_request("GET", url(server), timeout=FOREVER))
            rung = asyncio.Event()
            dialer.context.timeline.at(read_clock() + 25 * MS, lambda _: rung.set())
            await rung.wait()
            assert not user.is_done
            release.set()
            await user.wait()
            user.client.close()
    assert sample.kind == 0


async def test_many_requests_share_one_entry_in_the_timeline():
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            for _ in range(5):
                await user.fetch("GET", url(server))
                assert len(dialer.context.timeline) == 1
            user.client.close()
            assert len(dialer.context.timeline) == 0


@contextlib.contextmanager
def silence():
    """The port of a listener with a full backlog: it drops what comes next, without an answer."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_a_connection_that_is_not_accepted_in_time_fails_as_connect():
    with silence() as port, open_dialer() as dialer:
        user = Driver(dialer)
        sample = await user.fetch("GET", f"http://127.0.0.2:{port}/", connect_timeout=30 * MS)
        late = await user.fetch("GET", f"http://127.0.0.2:{port}/", timeout=30 * MS)
    assert (KINDS[sample.kind], sample.messages) == ("connect", 0)
    assert "within 0.03 s" in sample.detail
    assert (KINDS[late.kind], late.messages) == ("timeout", 0)


# ── Lease, interrupt, cut ──────────────────────────────────────────────────────────────────────────────────────────


async def test_nothing_is_written_without_a_lease():
    lease = Lease(FOREVER)
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer(lease=lease) as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server))
            lease.ends_at = 1
            kept = await user.fetch("GET", url(server))
            fresh = await Driver(dialer).fetch("GET", url(server))
            user.client.close()
    assert [(sample.kind, sample.messages) for sample in (kept, fresh)] == [(INTERRUPTED, 0)] * 2
    assert (server.accepted, len(server.requests)) == (1, 1)


@pytest.mark.parametrize("end", ["interrupt", "cut", "close"])
async def test_a_request_that_was_written_reaches_the_system_in_spite_of_an_end_right_after(end):
    """The end comes in the same turn of the loop as the write; the system counts when it has read everything."""
    async with run_server(lambda request, number: answer() if number == 1 else never(request, number)) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server))
            server.arrived.clear()
            sample = user.begin(build_request("POST", url(server)))
            assert sample.messages == 1
            if end == "close":
                user.client.interrupt()
                user.client.close()
            else:
                getattr(user.client, end)()
            assert user.is_done is (end != "cut")
            await asyncio.wait_for(server.arrived.wait(), 20)
    assert (sample.kind, len(server.requests)) == (INTERRUPTED, 2)
    assert len(server.requests[1]) == sample.bytes_sent
    assert sample.ended > 0


async def test_an_interrupt_while_connecting_sends_nothing():
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = user.begin(build_request("GET", url(server)))
            user.client.interrupt()
            assert user.is_done
            again = await user.fetch("GET", url(server))
            user.client.close()
    assert (sample.kind, sample.messages) == (INTERRUPTED, 0)
    assert (again.kind, len(server.requests)) == (0, 1)


async def test_an_interrupt_of_an_idle_user_does_nothing():
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            user.client.interrupt()
            await user.fetch("GET", url(server))
            user.client.interrupt()
            assert (await user.fetch("GET", url(server))).connect == -1
            user.client.close()
    assert server.accepted == 1


async def test_a_cut_closes_all_connections_without_resuming_the_user():
    async with (
        run_server(lambda request, number: answer() if number == 1 else never(request, number)) as one,
        run_server(lambda request, number: answer()) as two,
    ):
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(two))
            await user.fetch("GET", url(one))
            one.arrived.clear()
            sample = user.begin(build_request("GET", url(one)))
            user.client.cut()
            assert not user.is_done
            await asyncio.wait_for(asyncio.gather(one.arrived.wait(), two.ended.wait()), 20)
            assert len(dialer.context.timeline) == 0
    assert (sample.kind, sample.messages, len(one.requests)) == (INTERRUPTED, 1, 2)


async def test_an_unread_answer_does_not_undo_a_request():
    """The server answers at once and we leave: it has counted the request all the same."""
    async with run_server(lambda request, number: answer(bytes(100_000))) as server:
        with open_dialer() as dialer:
            users = [Driver(dialer) for _ in range(20)]
            request = build_request("GET", url(server))
            for user in users:
                await user.fetch(request)
            samples = [user.begin(request) for user in users]
            for user in users:
                user.client.interrupt()
            while len(server.requests) < 40:
                server.arrived.clear()
                await asyncio.wait_for(server.arrived.wait(), 20)
    assert sum(sample.messages for sample in samples) == 20


async def test_cookies_go_by_the_plans_own_host_also_when_the_url_has_an_address():
    def script(request, number):
        return answer(b"", "200 OK", "Set-Cookie: sid=1; Domain=shop.example; Path=/") if number == 1 else answer()

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            for _ in range(2):
                await user.fetch("GET", url(server), {"Host": "shop.example"})
            await user.fetch("GET", url(server))
            user.client.close()
    assert [b"\r\nCookie: sid=1\r\n" in request for request in server.requests] == [False, True, False]


async def test_a_location_in_raw_utf_8_is_asked_for_in_percent_encoded_utf_8_once():
    location = b"HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n"
    async with run_server(lambda request, number: location if number == 1 else answer()) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server), {"Host": "shop.example"})
            user.client.close()
    assert (sample.kind, sample.status_code, sample.hops) == (0, 200, 1)
    assert server.requests[1].startswith(b"GET /caf%C3%A9 HTTP/1.1\r\nHost: shop.example\r\n")


async def test_an_empty_location_is_no_redirect():
    async with run_server(redirecting(302, "")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server))
            user.client.close()
    assert (sample.kind, sample.status_code, sample.messages, sample.hops) == (0, 302, 1, 0)
    assert len(server.requests) == 1


async def test_the_bytes_of_a_cookie_go_back_as_they_came():
    cookies = b"HTTP/1.1 200 OK\r\nSet-Cookie: u=\xc3\xa9\r\nSet-Cookie: l=\xe9\r\nContent-Length: 0\r\n\r\n"
    async with run_server(lambda request, number: cookies) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            for _ in range(2):
                await user.fetch("GET", url(server), {"Cookie": "own=é"})
            user.client.close()
    assert "\r\nCookie: own=é\r\n".encode() in server.requests[0]
    assert b"\r\nCookie: own=\xc3\xa9; u=\xc3\xa9; l=\xe9\r\n" in server.requests[1]
