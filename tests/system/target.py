"""A system under test that records every request; it runs as a process: `python target.py PORT_FILE [HOST]`.

It shares no code with Gradual. A request is counted when its head and body are complete, even if the connection is
closed afterwards. Paths:

    /ok, /ok/…             200 {"ok": true}
    /sleep/SECONDS         the same, after SECONDS
    /login                 200 {"token": …} for a known password, 401 otherwise; /login/echo returns the body
    /status/CODE           that status
    /redirect/N            303 to /redirect/N-1 … /ok
    /leave/HOST:PORT       303 to http://HOST:PORT/ok
    /cookie/set, /cookie   sets a cookie; returns the cookies of the request
    /records, /count         what was counted, as JSON; the number of requests (these two are not counted)

`X-User: group/slot/tenure` and `X-Row` identify the user; the peer's address identifies its process. Times are ns of
CLOCK_BOOTTIME, which the agents read too.
"""

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path


def now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Records:
    """One row per request: [path, user, row, time of arrival, time of the response or of the close, peer address]."""

    def __init__(self):
        self.requests = []
        self.overlaps = Counter()
        self.shared_rows = Counter()
        self.busy_users = Counter()
        self.users_by_row = {}
        self.connections = 0

    def open(self, path, headers, peer):
        user, row = headers.get("x-user", ""), headers.get("x-row", "")
        if user:
            self.busy_users[user] += 1
            if self.busy_users[user] > 1:
                self.overlaps[user] += 1
        if row:
            users = self.users_by_row.setdefault(row, Counter())
            users[user] += 1
            if sum(count > 0 for count in users.values()) > 1:
                self.shared_rows[row] += 1
        entry = [path, user, row, now(), 0, peer]
        self.requests.append(entry)
        return entry

    def close(self, entry):
        if entry[4]:
            return
        entry[4] = now()
        _, user, row, *_ = entry
        if user:
            self.busy_users[user] -= 1
        if row:
            self.users_by_row[row][user] -= 1

    def as_json(self):
        return {
            "requests": self.requests,
            "paths": Counter(entry[0] for entry in self.requests),
            "overlaps": self.overlaps,
            "shared_rows": self.shared_rows,
            "connections": self.connections,
        }


class Connection(asyncio.Protocol):
    """One connection of an HTTP/1.1 client, without pipelining."""

    def __init__(self, records):
        self.records = records
        self.buffer = b""
        self.timer = None
        self.entry = None

    def connection_made(self, transport):
        self.transport = transport
        self.peer = "{}:{}".format(*transport.get_extra_info("peername"))
        self.records.connections += 1

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.serve(lines[0].split(" ")[1], headers, body)

    def connection_lost(self, exc):
        if self.timer is not None:
            self.timer.cancel()
        if self.entry is not None:
            self.records.close(self.entry)

    def serve(self, path, headers, body):
        if path == "/records":
            self.answer(200, json.dumps(self.records.as_json()))
            return
        if path == "/count":
            self.answer(200, str(len(self.records.requests)))
            return
        self.entry = self.records.open(path, headers, self.peer)
        parts = path.strip("/").split("/")
        if parts[0] == "sleep":
            self.timer = asyncio.get_running_loop().call_later(float(parts[1]), self.answer, 200, '{"ok": true}')
        elif parts == ["login"]:
            known = json.loads(body).get("password", "").startswith("good")
            self.answer(200 if known else 401, json.dumps({"token": "t-1"} if known else {"error": "unknown"}))
        elif parts == ["login", "echo"]:
            self.answer(200, body.decode())
        elif parts[0] == "status":
            self.answer(int(parts[1]), "{}")
        elif parts[0] == "leave":
            self.answer(303, "", f"Location: http://{parts[1]}/ok\r\n")
        elif parts[0] == "redirect":
            left = int(parts[1])
            self.answer(303, "", f"Location: {f'/redirect/{left - 1}' if left > 1 else '/ok'}\r\n")
        elif path == "/cookie/set":
            self.answer(200, "{}", "Set-Cookie: session=abc; Path=/\r\n")
        elif path == "/cookie":
            self.answer(200, json.dumps({"cookie": headers.get("cookie", "")}))
        else:
            self.answer(200, '{"ok": true}')

    def answer(self, status, text, extra=""):
        self.timer = None
        if self.entry is not None:
            self.records.close(self.entry)
            self.entry = None
        if self.transport.is_closing():
            return
        body = text.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        self.transport.write(head.encode() + body)


async def main(port_file, host="127.0.0.1"):
    loop, records, stop = asyncio.get_running_loop(), Records(), asyncio.Event()
    server = await loop.create_server(lambda: Connection(records), host, 0, backlog=4096)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    port = server.sockets[0].getsockname()[1]
    temporary = Path(f"{port_file}.new")
    temporary.write_text(str(port))
    temporary.rename(port_file)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
