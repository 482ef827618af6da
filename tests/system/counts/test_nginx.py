"""The report has the counts of nginx's access log, with the requests that were interrupted."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, free_port, stop, wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    log_format path '$uri $status';
    access_log {folder}/access.log path;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {folder}/www;
        location /slow {{ limit_rate 1000; }}
    }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    if NGINX is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    port, folder = free_port(), tmp_path
    tmp_path.chmod(0o755)
    (folder / "www").mkdir()
    (folder / "www/quick").write_text("ok\n")
    (folder / "www/slow").write_text("x" * 20_000)
    (folder / "nginx.conf").write_text("user root;" + CONFIGURATION.format(folder=folder, port=port))
    command = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    process = subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL)
    try:
        wait_until((folder / "nginx.pid").exists, "nginx runs")
        yield f"http://127.0.0.1:{port}", folder / "access.log"
    finally:
        stop(process)


def plan(url: str) -> dict[str, Any]:
    return {
        "config": {"name": "nginx", "base_url": url, "duration": "5s", "graceful_stop": "100ms"},
        "users": [
            {"name": "quick", "concurrency": 20, "behavior": [{"action": "quick", "think_time": "5-20ms"}]},
            {"name": "slow", "concurrency": 10, "behavior": [{"action": "slow"}]},
        ],
        "actions": {"quick": {"url": "/quick"}, "slow": {"url": "/slow"}},
    }


def test_nginx_logged_each_request_that_the_report_counts(nginx: tuple[str, Path], fleet: Fleet) -> None:
    url, log = nginx
    outcome = fleet.run(plan(url), 2)
    assert outcome.code == 0, outcome.output
    expected = outcome.arrived("quick") + outcome.arrived("slow")
    # nginx logs an interrupted request when it notices that the client has closed the connection.
    wait_until(lambda: len(log.read_text().splitlines()) >= expected, "nginx has logged everything", 20)
    logged = Counter(line.split()[0] for line in log.read_text().splitlines())
    assert logged == {"/quick": outcome.arrived("quick"), "/slow": outcome.arrived("slow")}
    assert outcome.actions["slow", "slow"]["interrupted"] == 10, "every user's slow request was in flight at the end"
