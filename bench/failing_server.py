"""A server that fails at random, for `bench soak`: `python -m bench.failing_server PORT SEED`.

Half of the answers are whole. The others end too early, are reset, are no HTTP, never come, lead nowhere, or are larger
than the plan allows.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import struct
import sys

OK = b"HTTP/1.1 200 OK\r\n"
TEXT = b"text " * 200
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
HANG_S = 1.0


def sized(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with a length."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body), b"", body])


WHOLE = (
    sized(TEXT, b"Set-Cookie: a=1"),
    sized(b""),
    OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    sized(gzip.compress(TEXT), b"Content-Encoding: gzip"),
    sized(b"busy", status=b"503 Busy"),
)
AGAIN = sized(b"", b"Location: /again", status=b"302 Found")
NOWHERE = sized(b"", b"Location: ftp://nowhere/", status=b"302 Found")
CUT = OK + b"Content-Length: 1000\r\n\r\nhello"
STRANGE = b"SSH-2.0-OpenSSH_9.2p1\r\n"
TOO_LARGE = sized(b"x" * 100_000)
BROKEN = sized(gzip.compress(TEXT)[:-9], b"Content-Encoding: gzip")
FAILURES = (b"", AGAIN, NOWHERE, CUT, STRANGE, TOO_LARGE, BROKEN)


class FailingServer:
    """The answers to the requests of all connections, in the order of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it fails or the client closes it."""
        try:
            if self.chance.random() > 0.02:
                while await self._answer(reader, writer):
                    pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client has given up.
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection serves on."""
        await reader.readuntil(b"\r\n\r\n")
        if self.chance.random() < 0.5:
            writer.write(self.chance.choice(WHOLE))
            await writer.drain()
            return True
        how = self.chance.choice((*FAILURES, b"reset", b"hang"))
        if how == b"reset":
            reset(writer)
        elif how == b"hang":
            await asyncio.sleep(HANG_S)
        else:
            writer.write(how)
            await writer.drain()
        return False


def reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


async def main(port: int, seed: int) -> None:
    """Serve until the process is ended."""
    async with await asyncio.start_server(FailingServer(seed).serve, "127.0.0.1", port, backlog=1024) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
