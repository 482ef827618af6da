"""Strangers at the master's port: each is refused or dropped, and the run that goes on meanwhile does not notice."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from fleet_processes import wait_until
from fleet_run import USERS, FleetRun, run_on_loopback
from strangers import (
    DAY,
    TOKEN,
    WRONG_TOKEN,
    Authority,
    answer_to,
    calling,
    files_of,
    hello_bytes,
    idle_connections,
    memory_of,
    open_and_reset,
    shake_hands_slowly,
)

from gradual_common.protocol.messages import PROTOCOL
from gradual_common.wire import fleet_pb2 as pb

AGENTS = ("agent-1", "agent-2")
REQUEST = b"GET / HTTP/1.1\r\nHost: master\r\n\r\n"
GARBAGE = {
    "noise": b"\xff" * 5000,
    "zeros": bytes(5000),
    "HTTP/1.1": REQUEST,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
MAX_GROWTH_MIB = 200
"""Of the master: a thousand connections take some 60 MiB, of which an allocator keeps a part."""

REFUSALS = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED)
"""Of a message above gRPC's own limit gRPC may say that first."""

MORE_FILES = 20
"""Descriptors that a master may open meanwhile for other reasons."""


def absurd_messages(run: str) -> dict[str, tuple[pb.AgentMessage, str]]:
    """Messages that no agent sends, and what the master's log says of each."""
    hello: dict[str, Any] = {
        "protocol": PROTOCOL,
        "incarnation": b"z" * 16,
        "name": "zz",
        "host": "h",
        "version": "1",
        "stream": 1,
    }
    runs = [pb.SlotRun(first=number, count=1, tenure=1) for number in range(70_000)]
    endless = [pb.SlotRun(count=2**32 - 1, tenure=1)]

    def greet(**changes: Any) -> pb.AgentMessage:
        return pb.AgentMessage(hello=pb.Hello(**{**hello, "max_users": 1, **changes}))

    batch: dict[str, Any] = {"number": 1, "frames": [pb.Frame(end=1)]}
    return {
        "a stream without end": (greet(stream=2**64 - 1), "stream is 18446744073709551615"),
        "processes": (greet(command=b"c" * 16, process=1, processes=2**32 - 1), "processes of a command is 4294967295"),
        "a long incarnation": (greet(incarnation=b"z" * 16_000), "incarnation has 16000 bytes"),
        "a version with control characters": (greet(version="\x1b[2J"), "version is '\\x1b[2J'"),
        "too many runs": (greet(run=run, held=runs), "70,000 times SlotRun; at most 65,536 are allowed"),
        "a run without end": (greet(run=run, held=endless), "count of held slots is 4294967295"),
        "slots of a stranger": (greet(run=run, held=runs[:9]), "this master does not know it"),
        "batches": (pb.AgentMessage(batches=[pb.Batch(number=1)] * 500_000), "500,000 times Batch; at most 16"),
        "a batch without a number": (pb.AgentMessage(batches=[pb.Batch()]), "batch number is 0"),
        "half a row": (pb.AgentMessage(batches=[pb.Batch(cells=b"1", **batch)]), "cells has 1 bytes"),
        "a negative count": (pb.AgentMessage(batches=[pb.Batch(counters=b"\xff" * 8 * 7, **batch)]), "counters"),
        "no CPU share": (pb.AgentMessage(batches=[pb.Batch(health=pb.Health(cpu=float("nan")), **batch)]), "CPU share"),
    }


def start(run: FleetRun, *master_options: str, agent_options: Sequence[str]) -> None:
    run.start_master(*master_options, expect=len(AGENTS), lease="10s")
    run.start_agents(*AGENTS, options=agent_options)
    run.await_load()


@contextmanager
def mutual_run(folder: Path) -> Iterator[tuple[FleetRun, Authority]]:
    """A run under load, with TLS, certificates of both sides and a token; it is checked at the end of the block."""
    authority = Authority(folder)
    with run_on_loopback(folder) as run:
        start(run, *authority.options("master"), agent_options=authority.options("agent"))
        yield run, authority
        check_undisturbed(run)


def check_undisturbed(run: FleetRun) -> None:
    """The target's counts; every user the whole time; no agent lost, and none besides those of the fleet."""
    run.await_load(1)
    finished = run.interrupt()
    finished.check_interrupted()
    finished.check_counts()
    finished.check_users()
    assert finished.outcome.agent_codes == [0] * len(AGENTS)
    assert sorted(finished.agents) == [*AGENTS]
    assert [name for name, row in finished.agents.items() if row["lost"] or row["left"]] == []
    fleet = finished.summary["fleet"]
    assert (fleet["moves"], fleet["dropped_batches"]) == (0, 0)
    assert {request.tenure for request in finished.request_log.requests} == {1}
    assert len(finished.request_log.slots) == USERS
    # gRPC's own line for each handshake that fails would fill the log.
    for line in ("is lost", "Traceback", "Handshake failed"):
        assert line not in finished.outcome.output


def log_of(run: FleetRun) -> list[dict[str, str]]:
    """The master's log lines."""
    return [json.loads(line) for line in run.fleet.output("master").splitlines() if line.startswith("{")]


def test_who_is_not_of_the_fleet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with mutual_run(tmp_path) as (run, authority):
        port, good = run.fleet.port, authority.issue()
        assert answer_to(port, REQUEST, authority.context(good)) != b""
        shown = {
            "none": None,
            "expired": authority.issue(-9 * DAY, -DAY),
            "not valid yet": authority.issue(DAY, 9 * DAY),
            "of another authority": Authority(tmp_path / "other").issue(),
        }
        for name, identity in shown.items():
            assert answer_to(port, REQUEST, authority.context(identity)) == b"", name
        for name, content in GARBAGE.items():
            assert answer_to(port, content) == b"", name
        with calling(port, None) as call:
            assert call(TOKEN, [b""]) is grpc.StatusCode.UNAVAILABLE
        with calling(port, good) as call:
            for token in (WRONG_TOKEN, ""):
                for message in (b"", bytes(15_000_000), bytes(20_000_000)):
                    assert call(token, [message]) in REFUSALS
            assert call(WRONG_TOKEN, [b""], [("x-large", "x" * 1_000_000)]) is grpc.StatusCode.RESOURCE_EXHAUSTED
    refused = [line for line in log_of(run) if "without the right join token" in line["event"]]
    assert refused
    assert all(line["peer"].startswith("ipv4:127.0.0.1:") for line in refused)
    assert TOKEN not in run.fleet.output()


def test_absurd_messages_with_the_right_token_are_refused_with_their_peer(tmp_path: Path) -> None:
    with mutual_run(tmp_path) as (run, authority):
        before = memory_of(run.master.pid)
        absurd = absurd_messages(run_id_of(run))
        with calling(run.fleet.port, authority.issue()) as call:
            for name, (message, _) in absurd.items():
                assert call(TOKEN, [message.SerializeToString()]) is grpc.StatusCode.OK, name
            assert call(TOKEN, [b"\x32\x00" * 7_500_000]) is grpc.StatusCode.OK
            assert call(TOKEN, [b"\xff" * 100]) is grpc.StatusCode.OK
            assert call(TOKEN, [bytes(20_000_000)]) is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert call(TOKEN, [b""], [("x-large", "x" * 1_000_000)]) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert memory_of(run.master.pid) - before < MAX_GROWTH_MIB
    lines = log_of(run)
    too_large = "a message of 15,000,000 bytes; at most 4,194,304 are allowed"
    for name, reason in [*((name, reason) for name, (_, reason) in absurd.items()), ("too large", too_large)]:
        found = [line for line in lines if reason in line["event"]]
        assert found, name
        assert all(line.get("peer", "").startswith("ipv4:127.0.0.1:") or line.get("host") == "h" for line in found)


def test_a_thousand_connections_are_dropped_and_their_descriptors_come_back(tmp_path: Path) -> None:
    with mutual_run(tmp_path) as (run, authority):
        port, master = run.fleet.port, run.master.pid
        files, memory = files_of(master), memory_of(master)

        def is_rid_of_them() -> bool:
            return files_of(master) <= files + MORE_FILES

        with idle_connections(port, 1000):
            wait_until(lambda: files_of(master) >= files + 1000, "the master has accepted them")
            wait_until(is_rid_of_them, "the master drops connections that say nothing")
        hello = hello_bytes(authority.context(None))
        with idle_connections(port, 200) as peers:
            assert 0 < shake_hands_slowly(peers, hello) < len(hello)
        for content in (b"", hello, REQUEST):
            open_and_reset(port, 1000, content)
        wait_until(is_rid_of_them, "the master drops all of them")
        assert memory_of(master) - memory < MAX_GROWTH_MIB


def test_a_plain_port_takes_no_tls_and_no_garbage(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secret = ["--token-file", str(tmp_path / "token")]
    with run_on_loopback(tmp_path) as run:
        start(run, *secret, agent_options=secret)
        port = run.fleet.port
        assert answer_to(port, REQUEST, authority.context(None)) == b""
        for content in GARBAGE.values():
            assert b"200" not in answer_to(port, content)
        with calling(port, authority.issue()) as call:
            assert call(TOKEN, [b""]) is grpc.StatusCode.UNAVAILABLE
        with calling(port, None) as call:
            assert call(WRONG_TOKEN, [b""]) is grpc.StatusCode.UNAUTHENTICATED
        check_undisturbed(run)


def run_id_of(run: FleetRun) -> str:
    """The run's id, which is in the master's log lines as soon as there is a run."""
    return next(line["run"] for line in log_of(run) if "run" in line)
