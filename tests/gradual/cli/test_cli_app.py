"""The `gradual` command as its users call it: help, version, init, demo bank, clear refusals."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ENTRY = "from gradual.cli import main; main()"


def gradual(*words: str, folder: Path | None = None, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {HOUSE!r}); {ENTRY}", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder, input=given, check=False)


HOUSE = str(Path(__file__).parents[3])


@contextmanager
def demo_bank(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo bank on a free port, and its URL."""
    command = [sys.executable, "-c", ENTRY, "demo-server", "--port", "0", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=HOUSE) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[3].rstrip(";")
        finally:
            process.terminate()


def test_help_names_every_command() -> None:
    result = gradual("--help")
    assert result.returncode == 0
    for command in (
        "run",
        "try",
        "validate",
        "plan",
        "schema",
        "init",
        "compare",
        "repeat",
        "doctor",
        "demo-server",
        "certs",
        "kubernetes",
    ):
        assert f"\n  {command} " in result.stdout


def test_help_imports_nothing_heavy() -> None:
    """What makes `--help` slow is what is imported: none of these may be."""
    code = f"import sys; sys.argv = ['gradual', '--help']\ntry:\n {ENTRY}\nexcept SystemExit: pass\n"
    code += "heavy = {'rich', 'grpc', 'numpy', 'pydantic', 'aiohttp', 'jinja2', 'yaml', 'asyncio', 'cryptography'}\n"
    code += "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=HOUSE, check=True)
    assert result.stderr.strip() == "[]"


def test_version_is_one_line() -> None:
    assert gradual("--version").stdout.startswith("gradual 0.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_bank_ends_cleanly_when_asked_to(number: signal.Signals) -> None:
    with demo_bank() as (process, url):
        with urllib.request.urlopen(f"{url}/api/rates", timeout=20) as answer:
            assert json.load(answer)["data"]["EUR"]
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == "The bank served 1 request, at most 1 at once.\n"


def test_a_port_in_use_is_reported_with_a_hint() -> None:
    with demo_bank() as (_, url):
        port = url.rpartition(":")[2]
        result = gradual("demo-server", "--port", port)
    assert result.returncode == 3
    assert result.stderr == (
        f"gradual: 127.0.0.1:{port} is in use: end what listens there, or choose another port with --port\n"
    )


def test_init_writes_a_plan_and_does_not_replace_it(tmp_path: Path) -> None:
    assert gradual("init", folder=tmp_path).returncode == 0
    assert (tmp_path / "gradual.yaml").exists()
    second = gradual("init", folder=tmp_path)
    assert second.returncode == 2
    assert "--force" in second.stderr
    assert "Traceback" not in second.stderr


def test_an_unknown_option_is_a_wrong_command_line() -> None:
    result = gradual("run", "--nonsense")
    assert result.returncode == 2
    assert "--nonsense" in result.stderr
