"""Every command that reads a plan annotates its mistakes on a runner of GitHub, beside its usual output."""

import http.server
import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest
from fleet_processes import BIN, DEADLINE_S

PLAN = """\
config: {duration: 1s, base_url: "http://127.0.0.1:9"}
users: [{name: u, concurrency: 1, behavior: [a, b]}]
actions:
  a: {url: /, metod: GET}
  b: {url: "/{{ vu.slot | nofilter }}"}
"""

COMMANDS = {
    "validate": ("gradual", "validate"),
    "plan": ("gradual", "plan"),
    "try": ("gradual", "try"),
    "run": ("gradual", "run", "--json"),
    "gradual-master run": ("gradual-master", "run", "--json", "--listen", "127.0.0.1:0", "--expect-agents", "1"),
}


def run(folder: Path, words: tuple[str, ...], **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    command = [str(BIN / words[0]), *words[1:]]
    return subprocess.run(
        command,
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_mistakes_are_annotations_from_the_root_of_the_repository(command: str, tmp_path: Path) -> None:
    (tmp_path / "load").mkdir()
    (tmp_path / "load/plan.yaml").write_text(PLAN)
    words = (*COMMANDS[command], "plan.yaml")
    done = run(tmp_path / "load", words, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(tmp_path))
    plain = run(tmp_path / "load", words)
    assert done.returncode == plain.returncode == 2, done.stderr
    found = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert [line.partition("::actions.")[0] for line in found] == [
        "::error file=load/plan.yaml,line=4",
        "::error file=load/plan.yaml,line=5",
    ]
    assert done.stdout == plain.stdout
    assert [line for line in done.stderr.splitlines() if line not in found] == plain.stderr.splitlines()


def test_json_on_standard_output_stays_json(tmp_path: Path) -> None:
    words = ("gradual", "run", "http://127.0.0.1:9/", "-d", "1s", "-u", "1", "--agents", "1", "--json")
    done = run(tmp_path, words, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(tmp_path / "job.md"))
    assert json.loads(done.stdout)["run"]["exit_code"] == done.returncode != 0
    assert "\n::error::http://127.0.0.1:9/: " in f"\n{done.stderr}"
    assert (tmp_path / "job.md").read_text().startswith("### ")


class Commander(http.server.BaseHTTPRequestHandler):
    """Answers with a command for GitHub's runner."""

    def do_GET(self) -> None:
        body = b"::error::from the response\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


def test_a_response_that_is_shown_gives_the_runner_no_command(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Commander) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        done = run(tmp_path, ("gradual", "try", f"http://127.0.0.1:{server.server_port}/"), GITHUB_ACTIONS="true")
        server.shutdown()
        thread.join()
    assert done.returncode == 0, done.stderr
    words = re.fullmatch(r"::stop-commands::(\w+)\n(.*)::(\w+)::\n", done.stdout, re.DOTALL)
    assert words is not None, done.stdout
    assert words[1] == words[3]
    assert "::error::from the response" in words[2]
    assert words[1] not in words[2]
