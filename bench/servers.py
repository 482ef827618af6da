"""nginx as the system under test: a file, and the kinds of responses of `bench.traffic`, plain and over TLS."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from bench.support import SYSTEM_CORE, free_port, pinned, running, wait_for_file

ADDRESSES = 8
"""nginx listens on 127.0.0.1 … 127.0.0.8: one address has only 28,000 ports for connections from one host."""

NGINX_CONF = """
worker_processes 1;
worker_rlimit_nofile 60000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 25000; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    open_file_cache max=16;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.pem;
    ssl_protocols TLSv1.3;
    ssl_session_tickets off;
    ssl_session_cache off;
    server {{
        {listen}
        listen 127.0.0.1:{tls_port} ssl backlog=16384;
        location / {{ root {folder}/www; }}
        location = /varied {{ add_header X-Request-Id $request_id; alias {folder}/www/rates; }}
        location = /cookie {{
            add_header X-Request-Id $request_id;
            add_header Set-Cookie "sid=$request_id; Path=/; HttpOnly";
            alias {folder}/www/rates;
        }}
        location = /report {{ add_header Content-Encoding gzip; alias {folder}/www/report.gz; }}
        location /login {{
            default_type application/json;
            return 200 '{{"token": "eyJhbGciOiJIUzI1NiJ9.$request_id.$request_id"}}';
        }}
        location /accounts/ {{
            add_header X-Request-Id $request_id;
            default_type application/json;
            return 200 '{{"data": {{"token": "$request_id", "owner": "A. Person", "balance": 120.5}}, "status": "ok"}}';
        }}
        location /transfers {{
            add_header X-Request-Id $request_id;
            default_type application/json;
            return 201 '{{"id": "$request_id", "status": "booked"}}';
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Site:
    """Where nginx listens. `ca`: a file with the certificate to trust."""

    url: str
    tls_url: str
    ca: str


LOOPBACK = tuple(f"127.0.0.{number}" for number in range(1, ADDRESSES + 1))


@contextmanager
def nginx_site(addresses: Sequence[str] = LOOPBACK, prefix: Sequence[str] = ()) -> Iterator[Site]:
    """nginx with one worker on the system's core; `prefix`: the words before a command on the host of `addresses`."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        raise SystemExit("nginx is absent; on Debian: apt-get install nginx-light")
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as name:
        folder, port, tls_port = Path(name), free_port(), free_port()
        folder.chmod(0o755)
        _write_files(folder / "www")
        listen = " ".join(f"listen {address}:{port} backlog=16384;" for address in addresses)
        authority = trustme.CA()  # Its keys are ECDSA P-256.
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(f"{name}/server.pem")
        authority.cert_pem.write_to_path(f"{name}/ca.pem")
        (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, listen=listen, tls_port=tls_port))
        command = [binary, "-p", name, "-e", f"{name}/error.log", "-c", f"{name}/nginx.conf"]
        with running([*prefix, *pinned(SYSTEM_CORE, command)], stderr=subprocess.DEVNULL):
            # It is written when nginx listens.
            wait_for_file(folder / "nginx.pid")
            yield Site(f"http://{addresses[0]}:{port}", f"https://127.0.0.1:{tls_port}", f"{name}/ca.pem")


@contextmanager
def nginx() -> Iterator[str]:
    """The same; yields the base URL."""
    with nginx_site() as site:
        yield site.url


def _write_files(www: Path) -> None:
    www.mkdir()
    (www / "rates").write_text("EUR/USD 1.0842\n" * 8)
    (www / "large").write_bytes(b"x" * 100_000)
    draw = random.Random(1)
    items = [
        {"id": draw.randrange(10**9), "name": f"{draw.getrandbits(64):016x}", "price": draw.random()}
        for _ in range(250)
    ]
    (www / "report.gz").write_bytes(gzip.compress(json.dumps({"count": len(items), "items": items}).encode()))
