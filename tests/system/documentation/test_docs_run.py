"""The commands, plans and programs of the documentation run as printed, against a demo bank.

Each block runs in its own folder, with the files that a reader has: the page's first plan as `plan.yaml`, the examples
and the data. Three things differ from the page: ports are free ones, hosts are this one, and every run lasts a second
(`gradual` on the path is a script that adds options to those of the page).
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from demo_bank import demo_bank
from docs_blocks import BLOCKS, ROOT, Block
from fleet_processes import BIN, DEADLINE_S, free_port, stop

import gradual

SHIM = """#!/bin/bash
# Runs a command of Gradual for a short time. A demo bank runs already. So short a run may miss its objectives, and this
# host may have a limit that the doctor finds.
words=("$@")
case "{name} $1" in
    "gradual demo-server") exit 0 ;;
    "gradual run" | "gradual-master run")
        address="{options}"; [[ $2 == http://* ]] && address=""  # a URL is whole
        words+=($LENGTH --allow-saturated --allow-missing 100% $address) ;;
    "gradual try") words+=({options}) ;;
    "gradual repeat") words+=(-n 1 $LENGTH --allow-saturated --allow-missing 100% {options}) ;;
esac
"{command}" "${{words[@]}}"; code=$?
[ $code = 1 ] && exit 0
[ "{name} $1 $code" = "gradual doctor 3" ] && exit 0
exit $code
"""

SKIPPED = {
    "README-1": "make test runs these tests",
    "CONTRIBUTING-1": "make test runs these tests",
    "bare_hosts-2": "needs hosts with sshd; see test_fleet_over_ssh.py",
    "bench-1": "measurements take an hour",
    "monitor-1": "waits for agents of other hosts, and needs a terminal; see test_monitor.py",
    "python-2": "examples/test_performance.py, which tests/gradual/test_api.py runs",
    "telemetry-7": "pandas is not installed with the tests",
}
CHANGES_THE_HOST = ("iptables", "pgrep", "kill ")
"""Firewall rules and signals to other processes: a block with one of these words never runs."""

NEEDS_AN_ENGINE = ("docker ", "make image")
"""The tests in `system/docker` run these blocks."""

AGENTS_OF_MASTER = {"README-8": ("README-7", "README-6", 3), "fleet-4": ("fleet-3", "fleet-2", 3)}
"""Block of the agents: block of their master, block of the certificates, number of agents' hosts."""

BANK, SECOND_BANK, MASTER, METRICS = "127.0.0.1:8080", "127.0.0.1:8081", "7700", "9464"
"""As the pages print them."""


def each_block(*languages: str) -> Any:
    """Parametrize a test with the blocks that run alone."""
    excluded = SKIPPED.keys() | AGENTS_OF_MASTER.keys() | {master for master, _, _ in AGENTS_OF_MASTER.values()}
    blocks = [
        block
        for block in BLOCKS
        if block.language in languages
        and block.name not in excluded
        and not any(word in block.text for word in CHANGES_THE_HOST + NEEDS_AN_ENGINE)
    ]
    return pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in blocks])


def test_skipped_blocks_exist() -> None:
    names = {block.name for block in BLOCKS if block.language in ("sh", "python")}
    assert SKIPPED.keys() | AGENTS_OF_MASTER.keys() <= names


@pytest.fixture(scope="module")
def bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


class Receiver(BaseHTTPRequestHandler):
    """Accepts metrics and drops them."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    """The port of a receiver of OpenTelemetry metrics."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield str(server.server_address[1])
        server.shutdown()
        thread.join()


class ReadersFolder:
    """The folder in which a reader of the documentation works."""

    def __init__(self, folder: Path, bank: str, receiver: str) -> None:
        self.receiver = receiver
        self.folder = folder
        self.bank = bank
        address = bank.removeprefix("http://")
        self._ports = {BANK: address, SECOND_BANK: address, MASTER: str(free_port()), METRICS: str(free_port())}
        (folder / "examples").symlink_to(ROOT / "examples")
        (folder / "users.csv").symlink_to(ROOT / "examples/users.csv")
        (folder / "vouchers.csv").write_text("code\n" + "".join(f"V-{number}\n" for number in range(100_000)))
        (folder / "signing.key").write_text("a key that two sides have")
        (folder / "jwt.pem").write_bytes(trustme.CA(key_type=trustme.KeyType.RSA).private_key_pem.bytes())
        (folder / "cities.json").write_text('[{"name": "Bern"}, {"name": "Oslo"}]')
        (folder / "out").mkdir()
        (folder / "bin").mkdir()
        for name in ("gradual", "gradual-master", "gradual-agent"):
            self._shim(name, f"--base-url {bank}")
        self._write("otelcol-contrib", "#!/bin/sh\n")
        (folder / "bin/python3").symlink_to(sys.executable)

    def _shim(self, name: str, options: str) -> None:
        self._write(name, SHIM.format(name=name, command=BIN / name, options=options))

    def _write(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def write_files_for(self, block: Block) -> None:
        """Write the files that the page shows before this block: a plan, a reporter."""
        plans = [other for other in BLOCKS if other.page == block.page and other.language == "yaml"]
        plans += [other for other in BLOCKS if other.page.name == "README.md" and other.language == "yaml"]
        (self.folder / "plan.yaml").write_text(self.localize(plans[0].text), encoding="utf-8")
        reporters = [other.text for other in BLOCKS if other.page == block.page and "(BaseReporter)" in other.text]
        if reporters:
            (self.folder / "custom.py").write_text(reporters[0], encoding="utf-8")
        actions = [other.text for other in BLOCKS if other.page == block.page and "async def settle(" in other.text]
        if actions:
            (self.folder / "my_actions.py").write_text(actions[0], encoding="utf-8")

    def localize(self, text: str) -> str:
        """Replace the ports and hosts of the page with those of this test."""
        for printed, actual in self._ports.items():
            text = text.replace(printed, actual)
        text = re.sub(r"(master-host|judge\.example|0\.0\.0\.0):", "127.0.0.1:", text)
        return text.replace(":4318", f":{self.receiver}").replace(":4317", ":9")  # no gRPC receiver runs here

    def start(self, text: str, length: str = "-d 1s") -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "LENGTH": length,
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "NO_COLOR": "1",
        }
        environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.receiver}"}
        environment.pop("GRADUAL_SLACK_WEBHOOK", None)
        return subprocess.Popen(
            ["bash", "-ec", self.localize(text)],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> str:
        """Wait for the end of a process; return its output. It must end with 0 and without a traceback."""
        try:
            output, _ = process.communicate(timeout=DEADLINE_S)
        finally:
            stop(process)
        assert process.returncode == 0, output
        assert "Traceback" not in output
        return output


@pytest.fixture
def reader(tmp_path: Path, bank: str, receiver: str) -> ReadersFolder:
    return ReadersFolder(tmp_path, bank, receiver)


@each_block("sh")
def test_commands_run_as_printed(block: Block, reader: ReadersFolder) -> None:
    reader.write_files_for(block)
    reader.finish(reader.start(block.text))


@pytest.mark.parametrize("name", AGENTS_OF_MASTER)
def test_a_master_and_its_agents_run_as_printed(name: str, reader: ReadersFolder) -> None:
    blocks = {block.name: block for block in BLOCKS}
    master, certificates, hosts = AGENTS_OF_MASTER[name]
    reader.write_files_for(blocks[master])
    reader.finish(reader.start(blocks[certificates].text))
    processes = [reader.start(blocks[master].text), *(reader.start(blocks[name].text) for _ in range(hosts))]
    try:
        for process in processes:
            reader.finish(process)
    finally:
        for process in processes:
            stop(process)
    assert (reader.folder / "summary.json").exists()


OF_LEVELS = re.compile(r"[<>]=? \S+ (for|at) (<= )?\d")
"""In objectives."""


@each_block("yaml")
def test_a_plan_runs_as_printed(block: Block, reader: ReadersFolder) -> None:
    reader.write_files_for(block)
    (reader.folder / "plan.yaml").write_text(reader.localize(block.text), encoding="utf-8")
    config = yaml.safe_load(block.text)["config"]
    if isinstance(config.get("ramp_up"), dict) and config["ramp_up"]["strategy"] == "find_capacity":
        # A search takes minutes; `tests/system/counts/test_find_capacity.py` has some.
        assert "The search climbs while" in reader.finish(reader.start("gradual plan plan.yaml"))
        return
    phases = config.get("phases", [])
    length = " ".join(f"--set config.phases.{phase['name']}.duration=1s" for phase in phases) or "-d 1s"
    if OF_LEVELS.search(block.text):  # A run of a second has no such window or level, so the plan would be refused.
        length += " --set thresholds=[]"
    output = reader.finish(reader.start("gradual run plan.yaml -u 10 -o json=out.json && cat out.json", length))
    assert '"requests": 0,' not in output.split('"totals"')[1].split('"failures"')[0], output


def run_shortly(run: Callable[..., Any], bank: str, plan: Any, **options: Any) -> Any:
    """Run `gradual.run` for two seconds, with a passed verdict: a busy machine may miss the limits of the page."""
    short = {"base_url": bank, "duration": "2s", "allow_saturated": True, "allow_missing": 1.0}
    summary = run(plan, **{**options, **short})
    return replace(summary, verdict=replace(summary.verdict, status="passed"))


@each_block("python")
def test_a_program_runs_as_printed(block: Block, reader: ReadersFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.write_files_for(block)
    monkeypatch.chdir(reader.folder)
    monkeypatch.setattr(gradual, "run", partial(run_shortly, gradual.run, reader.bank))
    names: dict[str, Any] = {"__name__": "program", "gradual": gradual}
    exec(compile(reader.localize(block.text), block.name, "exec"), names)
    for name, value in list(names.items()):
        if name.startswith("test_"):
            value()
