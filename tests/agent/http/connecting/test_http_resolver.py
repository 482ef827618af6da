"""Names are resolved once for all users, and addresses that failed are tried last."""

import asyncio
import socket

import pytest
from http_harness import Clock

from gradual_agent.http.connecting.resolver import KEPT_NS, MAX_KEPT_NAMES, Address, Addresses, Resolver, read_literal
from gradual_common.net.dns import Dns

A1, A2 = Address(socket.AF_INET, ("192.0.2.1", 80)), Address(socket.AF_INET, ("192.0.2.2", 80))
B1 = Address(socket.AF_INET6, ("2001:db8::1", 80, 0, 0))


def test_users_are_spread_over_the_preferred_family_and_fall_back_to_the_other():
    addresses = Addresses([A1, B1, A2])
    assert [addresses.in_order() for _ in range(3)] == [[A2, A1, B1], [A1, A2, B1], [A2, A1, B1]]


def test_an_address_that_failed_is_tried_last_until_it_answers():
    addresses = Addresses([A1, A2, B1])
    addresses.note_failure(A1)
    assert addresses.in_order() == [A2, B1, A1]
    addresses.note_failure(A2)
    assert addresses.in_order() == [B1, A1, A2]
    addresses.note_failure(B1)
    assert addresses.in_order() == [A1, A2, B1]
    addresses.note_success(A2)
    assert addresses.in_order()[0] == A2
    assert (str(A1), str(B1)) == ("192.0.2.1:80", "[2001:db8::1]:80")


def test_literals_need_no_resolver():
    assert read_literal("192.0.2.1", 80) == A1
    assert read_literal("2001:db8::1", 80) == B1
    assert read_literal("fe80::1%eth0", 80) is None
    assert read_literal("system.example", 80) is None


class Names:
    """A loop whose resolver counts how often it is asked."""

    def __init__(self, loop, found):
        self.create_task = loop.create_task
        self.asked = 0
        self.found = found

    async def getaddrinfo(self, host, port, **_):
        self.asked += 1
        return [(address.family, 1, 6, "", address.sockaddr) for address in self.found]


async def test_a_name_is_asked_for_once_until_its_time_is_over():

    names, clock = Names(asyncio.get_running_loop(), [A1, A1, B1]), Clock(0)
    resolver = Resolver(names, clock)
    assert resolver.known("x", 80) is None
    first, second = await asyncio.gather(resolver.ask("x", 80), resolver.ask("x", 80))
    assert first is second
    assert resolver.known("x", 80) is first
    assert resolver.known("x", 81) is None
    assert names.asked == 1
    clock.now = KEPT_NS
    assert resolver.known("x", 80) is None
    await resolver.ask("x", 80)
    assert names.asked == 2


async def test_names_are_found_however_many_there_are():
    names = Names(asyncio.get_running_loop(), [A1])
    resolver = Resolver(names, Clock(0))
    hosts = [f"h{number}" for number in range(2 * MAX_KEPT_NAMES)]
    found = [await resolver.ask(host, 80) for host in hosts]
    assert len({id(addresses) for addresses in found}) == len(hosts)
    assert resolver.known(hosts[0], 80) is None, "forgotten, and asked for again"
    assert (await resolver.ask(hosts[0], 80)).in_order() == [A1]
    assert resolver.known(hosts[-1], 80) is found[-1]
    literals = [resolver.known(f"10.0.{number >> 8}.{number & 255}", 80) for number in range(2 * MAX_KEPT_NAMES)]
    assert None not in literals
    assert len(resolver._known) == MAX_KEPT_NAMES


async def test_a_name_without_addresses_is_an_error_and_asked_again():

    names = Names(asyncio.get_running_loop(), [])
    resolver = Resolver(names, Clock())
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await resolver.ask("x", 80)
    assert names.asked == 2


def dns(**settings):
    return Dns.model_validate(settings)


async def test_an_answer_is_used_as_long_as_the_plan_says():
    names, clock = Names(asyncio.get_running_loop(), [A1]), Clock(0)
    resolver = Resolver(names, clock, dns(ttl="2s"))
    await resolver.ask("x", 80)
    clock.now = 2_000_000_000 - 1
    assert resolver.known("x", 80) is not None
    clock.now += 1
    assert resolver.known("x", 80) is None
    always = Resolver(names, clock, dns(ttl="0s"))
    await always.ask("x", 80)
    assert always.known("x", 80) is None


async def test_addresses_that_the_plan_gives_are_used_in_turn_and_nothing_is_asked():
    names = Names(asyncio.get_running_loop(), [])
    resolver = Resolver(names, Clock(0), dns(hosts={"API.example.": ["192.0.2.1", "192.0.2.2"]}, ttl="0s"))
    turns = [resolver.known("api.example", 80).in_order() for _ in range(2)]
    assert turns == [[A2, A1], [A1, A2]]
    assert resolver.known("other.example", 80) is None
    assert names.asked == 0


async def test_only_addresses_of_the_wanted_family_are_asked_for():
    asked = []

    async def getaddrinfo(host, port, *, family, **_):
        asked.append(family)
        raise socket.gaierror(socket.EAI_NONAME, "none")

    names = Names(asyncio.get_running_loop(), [])
    names.getaddrinfo = getaddrinfo
    resolver = Resolver(names, Clock(0), dns(family="ipv6"))
    assert resolver.known("2001:db8::1", 80).in_order() == [B1]
    assert resolver.known("192.0.2.1", 80) is None
    with pytest.raises(socket.gaierror):
        await resolver.ask("192.0.2.1", 80)
    assert asked == [socket.AF_INET6]
