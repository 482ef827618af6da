"""Connections come from the addresses of `bind` in turn; one that this machine lacks is found before the run."""

import socket

import pytest
from http_harness import Driver, answer, open_dialer, run_server

from gradual_agent.errors import JobError
from gradual_agent.http.connecting.dialer import Shared
from gradual_agent.http.connecting.sources import SourceAddresses, find_sources, why_not_ours
from gradual_agent.http.request import build_request
from gradual_common.kinds.failures import KINDS
from gradual_common.net.sources import read_sources
from gradual_common.net.ways import Way


def networks(*bind):
    return read_sources(list(bind))


async def test_connections_come_from_the_addresses_in_turn():
    way, seen = Way(bind=networks("127.0.0.2", "127.0.0.4/31")), []
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            request = build_request("GET", f"http://127.0.0.1:{server.port}/", way=way)
            for _ in range(6):
                driver = Driver(dialer)
                sample = await driver.fetch(request)
                assert sample.kind == 0, sample.detail
                seen.append(driver.client._connection._socket.getsockname()[0])
                driver.client.close()
    assert set(seen) == {"127.0.0.2", "127.0.0.4", "127.0.0.5"}
    assert seen[:3] == seen[3:]
    assert server.accepted == 6


async def test_a_system_of_another_family_is_a_failure_with_its_reason():
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            dialer._shared[way := Way(bind=networks("2001:db8::1"))] = Shared(
                dialer.resolver, SourceAddresses(["2001:db8::1"])
            )
            request = build_request("GET", f"http://127.0.0.1:{server.port}/", way=way)
            sample = await Driver(dialer).fetch(request)
    assert KINDS[sample.kind] == "connect"
    assert sample.detail.endswith(f"(127.0.0.1:{server.port}: `bind` has no address of its family)")
    assert server.accepted == 0


async def fetched_from(*sources):
    """The outcomes of four users one after another, and from where the server was reached."""
    samples, seen = [], []
    async with run_server(lambda request, number: answer()) as server:
        with open_dialer() as dialer:
            dialer._shared[way := Way(bind=networks("127.0.0.2"))] = Shared(dialer.resolver, SourceAddresses(sources))
            request = build_request("GET", f"http://127.0.0.1:{server.port}/", way=way)
            for _ in range(4):
                driver = Driver(dialer)
                samples.append(await driver.fetch(request))
                if (connection := driver.client._connection) is not None:
                    seen.append(connection._socket.getsockname()[0])
                driver.client.close()
    return samples, seen, server


async def test_when_an_address_cannot_be_used_any_more_the_next_one_is_tried():
    samples, seen, server = await fetched_from("203.0.113.7", "127.0.0.2", "203.0.113.8")
    assert [sample.kind for sample in samples] == [0] * 4
    assert seen == ["127.0.0.2"] * 4
    assert server.accepted == 4


async def test_only_when_no_address_can_be_used_the_connection_fails():
    samples, _, server = await fetched_from("203.0.113.7", "203.0.113.8")
    assert [KINDS[sample.kind] for sample in samples] == ["connect"] * 4
    where = f"127.0.0.1:{server.port}"
    detail = f"no connection to http://{where} ({where}: this machine has no free port left for it)"
    assert {sample.detail for sample in samples} == {detail}
    assert server.accepted == 0


def own(*addresses):
    return lambda address: "" if address in addresses else "it is foreign"


def test_of_a_network_what_the_machine_has_is_used():
    found = find_sources(networks("10.0.0.0/28", "10.0.0.3"), own("10.0.0.3", "10.0.0.9"))
    assert found._by_family == {socket.AF_INET: ["10.0.0.3", "10.0.0.9"]}
    assert find_sources(()) is None


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        ("10.0.0.4", "the plan binds connections to 10.0.0.4, but it is foreign"),
        ("10.0.0.4/30", "the plan binds connections to 10.0.0.4/30, but this machine has none of its addresses"),
    ],
)
def test_a_job_without_its_source_addresses_is_refused(bind, reason):
    with pytest.raises(JobError, match=reason):
        find_sources(networks("10.0.0.3", bind), own("10.0.0.3"))


def test_an_address_is_tried_by_binding_to_it():
    assert why_not_ours("127.0.0.9") == ""
    assert why_not_ours("203.0.113.7") == "this machine does not have it"
