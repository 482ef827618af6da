"""Why an address could not be reached is said, and a shortage of this machine is not held against the address."""

import asyncio
import errno
import os
import socket

import pytest
from http_harness import Driver, answer, open_dialer, run_server

from gradual_agent.http.connecting.peers import explain_connect
from gradual_agent.http.urls import Origin
from gradual_common.kinds.failures import KINDS


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.EADDRNOTAVAIL, ""), "this machine has no free port left for it"),
        (OSError(errno.EMFILE, ""), "this machine has no file descriptor left (raise `ulimit -n`)"),
        (OSError(errno.ENFILE, ""), "this machine has no file descriptor left (raise `ulimit -n`)"),
        (TimeoutError(), "no answer"),
        (TimeoutError(errno.ETIMEDOUT, ""), "connection timed out"),
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "connection refused"),
    ],
)
def test_the_reason_why_an_address_could_not_be_reached(error, text):
    assert explain_connect(error) == text


@pytest.mark.parametrize(
    ("code", "order"),
    [(errno.EMFILE, ["192.0.2.1", "192.0.2.2"]), (errno.EHOSTUNREACH, ["192.0.2.2", "192.0.2.1"])],
)
async def test_only_a_failure_of_the_address_itself_makes_it_the_last_to_try(code, order, monkeypatch):
    async def getaddrinfo(*_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80)) for host in ("192.0.2.2", "192.0.2.1")]

    def connect(_, address):
        if address.sockaddr[0] == "192.0.2.1":
            raise OSError(code, os.strerror(code))
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("gradual_agent.http.connecting.tcp.TcpAttempts._connect", connect)
    with open_dialer() as dialer:
        monkeypatch.setattr(dialer.context.loop, "getaddrinfo", getaddrinfo)
        sample = await Driver(dialer).fetch("GET", "http://system.example/")
        assert (KINDS[sample.kind], sample.messages) == ("connect", 0)
        turns = [dialer.resolver.known("system.example", 80).in_order() for _ in range(2)]
    assert order in [[address.sockaddr[0] for address in turn] for turn in turns]
    assert len({turn[-1] for turn in turns}) == (2 if code == errno.EMFILE else 1)


async def test_a_dial_that_is_given_up_while_its_name_is_resolved_opens_nothing(monkeypatch):
    asked = asyncio.Event()

    async def getaddrinfo(*_, **__):
        asked.set()
        await asyncio.Event().wait()

    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            monkeypatch.setattr(dialer.context.loop, "getaddrinfo", getaddrinfo)
            reports = []
            dial = dialer.dial(Origin("http", "system.example", server.port), 1 << 62, reports.append)
            await asked.wait()
            dial.give_up()
            await asyncio.sleep(0)
    assert (reports, server.accepted) == ([], 0)
