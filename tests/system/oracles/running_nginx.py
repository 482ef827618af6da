"""nginx as an oracle: files that it sends in all its ways, over plain TCP and TLS."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from fleet_processes import free_port, stop, wait_until

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so")
GIGABYTE = 1 << 30

CONFIGURATION = """
user root; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
load_module {brotli};
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; types {{ text/plain txt; }}
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    client_max_body_size 100k;
    add_header X-Url $scheme://$http_host$request_uri always;
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{secure} ssl http2;
        root {folder}/www;
        location /sized/ {{ alias {folder}/www/; }}
        location /gzip/ {{ alias {folder}/www/; gzip on; gzip_types *; gzip_min_length 1; }}
        location /br/ {{ alias {folder}/www/; brotli on; brotli_types *; brotli_min_length 1; }}
        location /chunked/ {{ alias {folder}/www/; ssi on; ssi_types *; }}
        location /until/ {{ alias {folder}/www/; ssi on; ssi_types *; chunked_transfer_encoding off; }}
        location /close/ {{ alias {folder}/www/; keepalive_timeout 0; }}
        location /private/ {{ alias {folder}/www/; auth_basic realm; auth_basic_user_file {folder}/users; }}
        location /fields/ {{ alias {folder}/www/; {fields} }}
        {redirects}
        location /relative {{ absolute_redirect off; return 302 /sized/1.txt; }}
        location /loop {{ return 302 /loop; }}
        location /to-tls {{ return 301 https://localhost:{secure}/sized/1.txt; }}
        location /to-plain {{ return 301 http://localhost:{plain}/sized/1.txt; }}
        location /nothing {{ return 444; }}
        location /empty {{ return 204; }}
        location /text {{ return 200 "some text"; }}
        location /error {{ return 503 "not now"; }}
        location /unlimited {{ client_max_body_size 0; return 200 "$content_length"; }}
        location /put/ {{ return 200 "$request_method $content_length"; }}
    }}
}}
"""

SIZES = (0, 1, 100, 1459, 1460, 1461, 8191, 8192, 8193, 65535, 65536, 65537, 300_000, 1_048_577)
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Nginx:
    """A running nginx: its two addresses, and the certificate of its authority."""

    plain: str
    secure: str
    authority: Path


@contextmanager
def running_nginx(folder: Path) -> Iterator[Nginx]:
    """The test is skipped when nginx or its module for brotli is not installed."""
    if PROGRAM is None or not BROTLI.exists():
        pytest.skip(
            "nginx or its brotli module is not installed (Debian: nginx-light, libnginx-mod-http-brotli-filter)"
        )
    folder.chmod(0o755)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "users").write_text("u:{PLAIN}p\n")
    write_files(folder / "www")
    plain, secure = free_port(), free_port()
    fields = " ".join(f'add_header X-{number} "{"x" * 1000}";' for number in range(50))
    redirects = "".join(f"location /r{status} {{ return {status} /sized/1.txt?x; }}\n" for status in REDIRECTS)
    text = CONFIGURATION.format(
        folder=folder, plain=plain, secure=secure, brotli=BROTLI, fields=fields, redirects=redirects
    )
    (folder / "nginx.conf").write_text(text)
    command = [PROGRAM, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    process = subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL)
    try:
        wait_until((folder / "nginx.pid").exists, "nginx runs")
        yield Nginx(f"http://localhost:{plain}", f"https://localhost:{secure}", folder / "ca.pem")
    finally:
        stop(process)


def write_files(folder: Path) -> None:
    """Texts of several sizes, bytes that cannot be compressed, and a gigabyte that takes no room on the disk."""
    folder.mkdir()
    words = "".join(f"line {number} of a text that can be compressed\n" for number in range(25_000)).encode()
    for size in SIZES:
        (folder / f"{size}.txt").write_bytes(words[:size])
    (folder / "random.bin").write_bytes(random.Random(1).randbytes(500_000))
    with (folder / "gigabyte.bin").open("wb") as file:
        file.truncate(GIGABYTE)
