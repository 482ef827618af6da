"""Responses as `as_curl.tsv` lists them, with what curl, Go's net/http and Gradual make of each.

Run as a program it asks the curl that is installed and prints the rows on which it does not say what the table says:

    python tests/agent/http/reading/curl_table.py
"""

import contextlib
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("as_curl.tsv")


@dataclass(frozen=True)
class Row:
    """`data` is sent, and then the connection is closed if `ends`; `curl` and `gradual`: what they make of it."""

    name: str
    data: bytes
    ends: bool
    curl: str
    go: str
    gradual: str
    reason: str


def escape(data):
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def read_table():
    lines = TABLE.read_text(encoding="ascii").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return [
        Row(name, data.encode("ascii").decode("unicode_escape").encode("latin-1"), then == "ends", *rest)
        for name, data, then, *rest in cells
    ]


def serve(listener, row):
    """Two connections at most: curl asks twice, and opens a second one when the first serves no longer."""
    with contextlib.suppress(OSError):
        for _ in range(2):
            peer, _ = listener.accept()
            with peer:
                while peer.recv(65536):
                    peer.sendall(row.data)
                    if row.ends:
                        break


def ask_curl(row):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, row), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        form = "%{stderr}%{exitcode} %{http_code} %{num_connects}\\n"
        command = ["curl", "-sq", "--max-time", "1", "--compressed", "-w", form, url, url]
        done = subprocess.run(command, capture_output=True, check=False)
    (code, status, _), *second = [line.split() for line in done.stderr.decode().splitlines()]
    if code != "0":
        return "waiting" if code == "28" else f"refuses ({code})"
    body = done.stdout[: len(done.stdout) // 2]
    return f"{status} {escape(body)} {'open' if second[0][2] == '0' else 'closed'}"


if __name__ == "__main__":
    for each in read_table():
        if (outcome := ask_curl(each)) != each.curl:
            print(f"{each.name}: {outcome}; the table says {each.curl}")
