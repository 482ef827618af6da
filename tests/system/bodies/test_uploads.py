"""Files are uploaded over the fleet: aiohttp and httpbin read what was sent, byte by byte, and the counts agree."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet
from upload_server import UploadServer, running_upload_server

SMALL = b"%PDF-1.7\r\n--gradual\r\n\x00\xff"
LARGE = bytes(range(251)) * 40_000


@pytest.fixture
def server() -> Iterator[UploadServer]:
    with running_upload_server() as running:
        yield running


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def plan(server: UploadServer, folder: Path) -> dict[str, Any]:
    """Two uploads by each of six users, four times: one of both files and a value, one that is a file only."""
    (folder / "small.pdf").write_bytes(SMALL)
    (folder / "large.bin").write_bytes(LARGE)
    parts = {
        "document": {"file": str(folder / "small.pdf"), "content_type": "application/pdf", "filename": 'a "b".pdf'},
        "note": "slot {{ vu.slot }}",
        "more": [{"file": str(folder / "large.bin")}, {"value": {"n": 1}}],
    }
    return {
        "config": {"name": "uploads", "base_url": server.url, "duration": "60s"},
        "users": [{"name": "customer", "concurrency": 6, "iterations": 4, "behavior": ["upload", "put"]}],
        "actions": {
            "upload": {
                "method": "POST",
                "url": "/files",
                "multipart": parts,
                "assertions": [{"json": "parts == 4"}],
            },
            "put": {"method": "PUT", "url": "/raw", "body_file": str(folder / "large.bin")},
        },
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_every_file_arrives_whole(server: UploadServer, fleet: Fleet, tmp_path: Path, agents: int) -> None:
    outcome = fleet.run(plan(server, tmp_path), agents)
    assert outcome.code == 0, outcome.output[-4000:]
    assert {step: outcome.arrived(step) for step in ("upload", "put")} == {"upload": 24, "put": 24}
    assert Counter(server.parts) == {
        (
            ("document", "a %22b%22.pdf", "application/pdf", digest(SMALL)),
            ("note", None, None, digest(f"slot {slot}".encode())),
            ("more", "large.bin", "application/octet-stream", digest(LARGE)),
            ("more", None, "application/json", digest(b'{"n":1}')),
        ): 4
        for slot in range(6)
    }
    assert Counter(server.bodies) == {("application/octet-stream", digest(LARGE)): 24}
