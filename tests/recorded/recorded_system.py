"""The system that the recorded users load: a bank that fails now and then, in several ways.

    python recorded_system.py PORT

What it answers depends on the path and on how many requests came before.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from itertools import count

END_OF_HEAD = b"\r\n\r\n"

Note = Callable[[bytes], None]


def answer(number: int, path: str) -> tuple[float, bytes]:
    """How long request `number` takes beside the usual, s, and the answer; b"" closes the connection instead."""
    match path:
        case "/login":
            return 0, response(200, b'{"data": {"token": "t-%d"}}' % number)
        case "/account" if number % 9 == 0:
            return 0, response(500, b"out of order <script>alert(1)</script>", "text/plain")
        case "/account":
            state = b"frozen" if number % 13 == 0 else b"open"
            return 0.1 if number % 17 == 0 else 0, response(200, b'{"data": {"state": "%s"}}' % state)
        case "/transfer" if number % 7 == 0:
            return 0, b""
        case "/transfer":
            return 0.6 if number % 11 == 0 else 0, response(201, b'{"ok": true}')
        case "/statement":
            return 0, response(200, b"page %d" % number if number % 19 else b"no pages", "text/plain")
        case "/moved":
            return 0, response(302, b"", location="/rates")
        case "/logout":
            return 0, b"HTTP/1.1 204 No Content\r\n\r\n"
    return 0, response(200, b'{"rates": [1, 2, 3]}')


def response(status: int, body: bytes, kind: str = "application/json", location: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"Location: {location}"] if location else []
    return "\r\n".join(lines).encode() + END_OF_HEAD + body


def server(note: Note = lambda request: None) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
    """What `asyncio.start_server` takes; `note` gets the bytes of each request."""
    numbers = count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(END_OF_HEAD)
                fields = dict(line.lower().partition(b":")[::2] for line in head.split(b"\r\n"))
                note(head + await reader.readexactly(int(fields.get(b"content-length", b"0"))))
                number = next(numbers)
                more, data = answer(number, head.split(b" ")[1].partition(b"?")[0].decode())
                await asyncio.sleep(0.002 + number % 7 * 0.004 + number / 100_000 + more)
                if not data:
                    break
                writer.write(data)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a user whose patience is over, or who has ended
        finally:
            writer.close()

    return serve


async def main(port: int) -> None:
    listener = await asyncio.start_server(server(), "127.0.0.1", port)
    await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
