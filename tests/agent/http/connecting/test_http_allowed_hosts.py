"""`--allow-host` holds where connections are opened: real sockets, and servers that count what they accepted."""

import socket

import pytest
from http_harness import Driver, answer, open_dialer, run_server

from gradual_agent.http.connecting.resolver import KEPT_NS
from gradual_agent.runtime.allowed_hosts import AllowedHost, AllowedHosts
from gradual_agent.runtime.loop_timer import read_clock
from gradual_common.kinds.failures import KINDS
from gradual_common.net.dns import Dns
from gradual_common.net.ways import Way

OK = ""
"""The kind of a request that did not fail."""


def only(*entries):
    return AllowedHosts(AllowedHost.parse(entry) for entry in entries)


def resolving_to(*addresses):
    """What replaces the loop's `getaddrinfo`; names that were asked are noted."""

    async def getaddrinfo(host, port, **_):
        getaddrinfo.asked.append(host)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    getaddrinfo.asked = []
    return getaddrinfo


async def fetch(server, host, allowed, monkeypatch, *addresses, path="/"):
    """Kind and detail of one request to `host`, which resolves to `addresses`."""
    names = resolving_to(*addresses)
    with open_dialer(allowed=allowed) as dialer:
        monkeypatch.setattr(dialer.context.loop, "getaddrinfo", names)
        sample = await Driver(dialer).fetch("GET", f"http://{host}:{server.port}{path}")
    return KINDS[sample.kind], sample.detail, names.asked


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("bank.example", "bank.example"),
        ("bank.example:{port}", "bank.example"),
        ("*.example", "bank.example"),
        ("127.0.0.1", "bank.example"),
        ("127.0.0.0/8:{port}", "bank.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.0/8", "127.0.0.1"),
    ],
)
async def test_a_listed_name_or_address_is_dialled(entry, host, monkeypatch):
    async with run_server(lambda request, number: answer(b"yes")) as server:
        kind, detail, _ = await fetch(server, host, only(entry.format(port=server.port)), monkeypatch, "127.0.0.1")
        assert (kind, detail, server.accepted) == (OK, "", 1)


@pytest.mark.parametrize(
    ("entry", "host", "asked", "where"),
    [
        ("other.example", "bank.example", [], "bank.example:{port}"),
        ("bank.example:1", "bank.example", [], "bank.example:{port}"),
        ("10.0.0.0/8", "bank.example", ["bank.example"], "bank.example:{port} (127.0.0.1)"),
        ("127.0.0.1:1", "bank.example", [], "bank.example:{port}"),
        ("bank.example", "127.0.0.1", [], "127.0.0.1:{port}"),
        ("10.0.0.0/8", "127.0.0.1", [], "127.0.0.1:{port}"),
    ],
)
async def test_anything_else_fails_and_nothing_is_connected(entry, host, asked, where, monkeypatch):
    async with run_server(lambda request, number: answer(b"no")) as server:
        kind, detail, names = await fetch(server, host, only(entry), monkeypatch, "127.0.0.1")
        where = where.format(port=server.port)
        assert kind == "connect"
        assert detail == f"this agent may not send to {where}: --allow-host allows {entry}"
        assert (names, server.accepted) == (asked, 0)


async def test_of_several_addresses_only_those_that_are_allowed_are_dialled(monkeypatch):
    async with run_server(lambda request, number: answer(b"yes")) as server:
        both = ("127.0.0.2", "127.0.0.1")
        kind, _, _ = await fetch(server, "bank.example", only("127.0.0.1"), monkeypatch, *both)
        assert (kind, server.accepted) == (OK, 1)
        kind, detail, _ = await fetch(server, "bank.example", only("127.0.0.3", "127.0.0.2"), monkeypatch, *both)
        assert (kind, server.accepted) == ("connect", 1)
        assert f"127.0.0.1:{server.port}: not allowed by --allow-host" in detail
        assert f"127.0.0.2:{server.port}: connection refused" in detail


async def test_a_name_that_resolves_elsewhere_later_is_refused_then(monkeypatch):
    """DNS may answer otherwise at any time: the address is checked at each dial, not once."""
    async with run_server(lambda request, number: answer(b"yes")) as server:
        with open_dialer(allowed=only("127.0.0.1")) as dialer:
            driver = Driver(dialer, connections="close")
            kinds = []
            for address, later in (("127.0.0.1", 0), ("127.0.0.2", 2 * KEPT_NS)):
                monkeypatch.setattr(dialer.context.loop, "getaddrinfo", resolving_to(address))
                monkeypatch.setattr(dialer.resolver, "_clock", lambda later=later: read_clock() + later)
                sample = await driver.fetch("GET", f"http://bank.example:{server.port}/")
                kinds.append(KINDS[sample.kind])
        assert (kinds, server.accepted) == ([OK, "connect"], 1)


async def test_a_redirect_does_not_lead_outside(monkeypatch):
    async with run_server(lambda request, number: answer(b"no")) as outside:
        there = f"Location: http://outside.example:{outside.port}/secret"
        async with run_server(lambda request, number: answer(b"", "302 Found", there)) as server:
            kind, detail, _ = await fetch(server, "bank.example", only("bank.example"), monkeypatch, "127.0.0.1")
            assert (kind, server.accepted, outside.accepted) == ("connect", 1, 0)
            assert f"may not send to outside.example:{outside.port}: --allow-host allows bank.example" in detail


@pytest.mark.parametrize(
    ("entry", "kind"), [("::1", OK), ("[::1]", OK), ("::2", "connect"), ("127.0.0.0/8", "connect")]
)
async def test_an_ipv6_address_is_compared_as_one(entry, kind, monkeypatch):
    async with run_server(lambda request, number: answer(b"yes"), host="::1") as server:
        found, _, _ = await fetch(server, "[::1]", only(entry), monkeypatch, "::1")
        assert (found, server.accepted) == (kind, int(kind == OK))


async def test_an_ipv4_address_inside_of_an_ipv6_address_is_the_ipv4_address(monkeypatch):
    async with run_server(lambda request, number: answer(b"yes")) as server:
        for entry, kind in (("127.0.0.0/8", OK), ("10.0.0.0/8", "connect")):
            found, _, _ = await fetch(server, "[::ffff:127.0.0.1]", only(entry), monkeypatch, "::ffff:127.0.0.1")
            assert found == kind
        assert server.accepted == 1


@pytest.mark.parametrize(
    ("entry", "kind"), [("127.0.0.0/8", OK), ("127.0.0.1:{port}", OK), ("bank.example", "connect"), ("::1", "connect")]
)
async def test_a_listed_name_is_not_trusted_with_the_address_that_the_plan_gives_it(entry, kind):
    way = Way(Dns.model_validate({"hosts": {"bank.example": "127.0.0.1"}}))
    async with run_server(lambda request, number: answer(b"yes")) as server:
        with open_dialer(allowed=only(entry.format(port=server.port))) as dialer:
            sample = await Driver(dialer).fetch("GET", f"http://Bank.example:{server.port}/", way=way)
        assert (KINDS[sample.kind], server.accepted) == (kind, int(kind == OK))
        if kind == OK:
            assert b"Host: bank.example:" in server.requests[0]
        else:
            assert f"may not send to bank.example:{server.port} (127.0.0.1)" in sample.detail
