"""`gradual-agent` reads its options before it loads anything, and says what is wrong with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradual_agent import cli
from gradual_agent.errors import AgentError
from gradual_agent.process.options import AgentOptions
from gradual_agent.runtime.allowed_code import AllowedPath
from gradual_agent.runtime.allowed_hosts import AllowedHost
from gradual_common.errors import TemplateError
from gradual_common.protocol.messages import Part
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity

HEAVY = ("asyncio", "grpc", "numpy", "pydantic", "structlog", "uvloop", "jinja2", "google.protobuf")


def test_nothing_heavy_is_loaded_for_the_options() -> None:
    """--help in under 0.3 s holds by what is not imported."""
    program = f"import sys, gradual_agent.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--master"),
        (
            ["--master", "unix:/m", "--processes", "0"],
            "'0' is not a number of processes; write a number from 1, or auto",
        ),
        (["--master", "unix:/m", "--processes", "some"], "'some' is not a number of processes"),
        (["--master", "unix:/m", "--max-users", "0"], "'0' is not a number of users; write a number from 1"),
        (["--master", "unix:/m", "--master-wait", "60"], "'60' is not a duration; write it with a unit"),
        (
            ["--master", "unix:/m", "--allow-code", "no/such"],
            "argument --allow-code: 'no/such' cannot be used: there is no such folder or module; write a folder",
        ),
        (
            ["--master", "unix:/m", "--allow-host", "https://bank.example"],
            "'https://bank.example' cannot be used: it is a URL; write HOST, HOST:PORT, *.DOMAIN, an address",
        ),
        (["--master", "unix:/m", "--log-format", "xml"], "invalid choice: 'xml'"),
        (["--master", "unix:/m", "--unknown"], "unrecognized arguments: --unknown"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--master", "judge.example"], "not an address"),
        (["--master", "judge.example:7700"], "--insecure"),
        (["--master", "10.1.2.3:7700", "--processes", "2"], "--insecure"),
        (["--master", "10.1.2.3:7700"], "add --tls-ca FILE --token-file FILE"),
        (["--master", "unix:/m", "--token-file", "/nowhere"], "--token-file /nowhere cannot be read"),
        (["--master", "unix:/m", "--tls-cert", "c.pem"], "--tls-cert c.pem: its key is absent"),
    ],
)
def test_an_address_that_may_not_be_dialled_is_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_the_options_reach_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[AgentOptions] = []
    monkeypatch.setattr(cli, "run_one", lambda options: given.append(options) or 0)
    arguments = ["--master", "10.1.2.3:7700", "--insecure", "--name", "a", "--max-users", "5"]
    arguments += ["--allow-host", "bank.example", "--allow-code", "my_actions"]
    assert cli.main([*arguments, "--master-wait", "1m30s", "--log-format", "json", "-v"]) == 0
    allowed = (AllowedHost.parse("bank.example"),)
    code = (AllowedPath.parse("my_actions"),)
    assert given == [
        AgentOptions("10.1.2.3:7700", "a", 5, 90_000_000_000, "json", True, allow_hosts=allowed, allow_code=code)
    ]


def test_the_defaults_are_those_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[AgentOptions] = []
    monkeypatch.setattr(cli, "run_one", lambda options: given.append(options) or 0)
    monkeypatch.setattr("socket.gethostname", lambda: "host-7")
    assert cli.main(["--master", "unix:/m"]) == 0
    assert given == [AgentOptions("unix:/m", "host-7", None, 60_000_000_000)]


@pytest.mark.parametrize(
    ("name", "host", "shown"), [("", "host-7", "host-7"), ("a\x1b[31m\n", "host-7", "a?[31m"), ("", "\t", "agent")]
)
def test_an_agent_is_called_by_a_name_that_can_be_shown(
    name: str, host: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[AgentOptions] = []
    monkeypatch.setattr(cli, "run_one", lambda options: given.append(options) or 0)
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert cli.main(["--master", "unix:/m", "--name", name]) == 0
    assert [options.name for options in given] == [shown]


def test_a_process_of_several_knows_its_part_and_watches_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[AgentOptions] = []
    watched: list[bool] = []
    monkeypatch.setattr(cli, "run_one", lambda options: given.append(options) or 0)
    monkeypatch.setattr(cli, "end_with_parent", lambda: watched.append(True))
    assert cli.main(["--master", "unix:/m", "--part-of", f"{'0a' * 16}/2/3"]) == 0
    assert [options.part for options in given] == [Part(b"\n" * 16, 2, 3)]
    assert watched == [True]


def test_token_and_certificates_come_from_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process of this user passes them on, which is watched: its end is the end of this one."""
    given: list[AgentOptions] = []
    watched: list[bool] = []
    source, sink = os.pipe()
    security = FleetSecurity("kT5_9dQ2-mB7xW1z", TlsIdentity(b"ca"), "master.example")
    os.write(sink, f"{security.to_json()}\n".encode())
    monkeypatch.setattr(cli, "run_one", lambda options: given.append(options) or 0)
    monkeypatch.setattr(cli, "end_with_parent", lambda: watched.append(True))
    with os.fdopen(source) as stdin, os.fdopen(sink):
        monkeypatch.setattr("sys.stdin", stdin)
        assert cli.main(["--master", "10.1.2.3:7700", "--security-on-stdin"]) == 0
    assert [options.security for options in given] == [security]
    assert watched == [True]


def test_a_token_file_is_read_and_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[AgentOptions] = []
    monkeypatch.setattr(cli, "run_one", lambda options: given.append(options) or 0)
    file = tmp_path / "token"
    file.write_text("kT5_9dQ2-mB7xW1z\n")
    file.chmod(0o644)
    assert cli.main(["--master", "127.0.0.1:7700", "--token-file", str(file)]) == 0
    assert given[0].security.token == "kT5_9dQ2-mB7xW1z"
    assert f"gradual-agent: warning: {file} can be read by every user" in capsys.readouterr().err


def test_several_processes_have_names_of_their_own_and_the_same_options(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[list[str], list[str]]] = []
    monkeypatch.setattr(cli, "run_children", lambda names, arguments, _: given.append((names, arguments)) or 7)
    arguments = ["--master", "10.1.2.3:7700", "--insecure", "--max-users", "5", "--master-wait", "2m", "-v"]
    arguments += ["--allow-host", "*.bank.example:443", "--allow-host", "10.0.0.0/8"]
    arguments += ["--allow-code", "my_actions", "--allow-code", "./"]
    assert cli.main([*arguments, "--processes", "3", "--name", "load"]) == 7
    ((names, shared),) = given
    assert names == ["load-1", "load-2", "load-3"]
    first, again = cli.build_parser().parse_args(arguments), cli.build_parser().parse_args(shared)
    assert first == again


@pytest.mark.parametrize(
    "error", [AgentError("not to be done"), TemplateError("not to be done"), RuntimeError("not to be done")]
)
def test_an_error_is_reported_and_is_exit_code_3(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: AgentOptions) -> int:
        raise error

    monkeypatch.setattr("gradual_agent.process.process.run_process", fail)
    monkeypatch.setattr("gradual_common.process.logs.configure_logging", lambda *_, **__: None)
    assert cli.main(["--master", "unix:/m"]) == 3
    captured = capsys.readouterr()
    assert "not to be done" in captured.err + captured.out
