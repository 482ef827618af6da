"""Wrong join tokens, as fast as one core sends them: `python -m bench.wrong_tokens PORT CA CONNECTIONS AHEAD SECONDS`.

Each connection sends AHEAD calls at once, in HTTP/2 frames that are made beforehand. It sends as many again with each
answer that it reads, and is opened again when the master ends it. The numbers are printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import struct
import sys
import time
from contextlib import suppress

import uvloop

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
HEADERS, FLAGS_END = 1, 0x5
MAX_STREAM = 2**31 - 1
WRONG = b"Bearer another-token-of-another-fleet"


def header(name: bytes, value: bytes) -> bytes:
    """A field that no table holds (RFC 7541, 6.2.2); `name`: its index, or a literal with its length."""
    return name + bytes([len(value)]) + value


BLOCK = b"".join(
    (
        b"\x83\x87",  # POST, https
        header(b"\x04", b"/gradual.v1.Fleet/Session"),
        header(b"\x01", b"master"),
        header(b"\x0f\x10", b"application/grpc"),
        header(b"\x00\x02te", b"trailers"),
        header(b"\x0f\x08", WRONG),
    )
)


def calls(first: int, number: int) -> bytes:
    """The frames of calls with the streams `first`, `first` + 2, …"""
    length = struct.pack("!I", len(BLOCK))[1:] + bytes([HEADERS, FLAGS_END])
    return b"".join(length + struct.pack("!I", first + 2 * index) + BLOCK for index in range(number))


class Counts:
    """What was sent and read."""

    def __init__(self) -> None:
        self.sent = self.connections = self.bytes_read = 0


async def attack(port: int, context: ssl.SSLContext, ahead: int, until: float, counts: Counts) -> None:
    """One connection after the other."""
    while time.monotonic() < until:
        with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            counts.connections += 1
            try:
                await flood(reader, writer, ahead, until, counts)
            finally:
                writer.transport.abort()


async def flood(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ahead: int, until: float, counts: Counts
) -> None:
    """Send calls until the master ends the connection."""
    stream = 1
    writer.write(PREFACE)
    while time.monotonic() < until and stream < MAX_STREAM - 2 * ahead:
        writer.write(calls(stream, ahead))
        stream, counts.sent = stream + 2 * ahead, counts.sent + ahead
        await writer.drain()
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + max(0.0, until - time.monotonic())):
            answer = await reader.read(1 << 18)
        if not answer:
            return
        counts.bytes_read += len(answer)


async def run(port: int, ca: str, connections: int, ahead: int, seconds: float) -> dict[str, float]:
    """All connections; the rates."""
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2"])
    counts, started = Counts(), time.monotonic()
    until = started + seconds
    tasks = [attack(port, context, ahead, until, counts) for _ in range(connections)]
    await asyncio.gather(*tasks, return_exceptions=True)
    took = time.monotonic() - started
    return {"sent_rps": counts.sent / took, "connections_rps": counts.connections / took}


if __name__ == "__main__":
    port, ca, connections, ahead, seconds = sys.argv[1:]
    print(json.dumps(uvloop.run(run(int(port), ca, int(connections), int(ahead), float(seconds)))))
