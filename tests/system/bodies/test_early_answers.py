"""A server that does not wait for the end of an upload: its answer is the outcome; without one the kind is reset."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet

LARGE = bytes(6_000_000)
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large"


@contextmanager
def closing_server(ending: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Reads the head and a little of each upload, and closes with most of it unread; its URL, and the heads."""
    listener = socket.create_server(("127.0.0.1", 0))
    heads: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer, suppress(OSError):
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    heads.append(peer.recv(65536))
                    ending(peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)
        assert not thread.is_alive()


def plan(url: str, folder: Path) -> dict[str, Any]:
    (folder / "large.bin").write_bytes(LARGE)
    parts = {"document": {"file": "large.bin"}, "note": "{{ vu.slot }}"}
    return {
        "config": {"name": "early", "base_url": url, "duration": "60s"},
        "users": [{"name": "customer", "concurrency": 2, "iterations": 3, "behavior": ["upload"]}],
        "actions": {"upload": {"method": "POST", "url": "/files", "multipart": parts}},
    }


@pytest.mark.parametrize(
    ("ending", "errors"),
    [(lambda peer: peer.sendall(TOO_LARGE), {"status": 6}), (lambda peer: None, {"reset": 6})],
    ids=["413", "nothing"],
)
def test_the_answer_is_the_outcome(
    ending: Callable[[socket.socket], None], errors: dict[str, int], fleet: Fleet
) -> None:
    with closing_server(ending) as (url, heads):
        outcome = fleet.run(plan(url, fleet.folder), 1)
    # Without an objective of its own, a plan fails when no request succeeds.
    assert outcome.code == 1, outcome.output[-4000:]
    ((_, row),) = outcome.actions.items()
    assert (row["sent"], row["errors"]) == (len(heads), errors) == (6, errors)
    assert all(head.startswith(b"POST /files HTTP/1.1\r\n") for head in heads)
