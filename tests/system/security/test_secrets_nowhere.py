"""A run over several hosts with secrets of every kind: neither outputs, nor packets, nor core dumps have one."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from fleet_processes import BIN, Fleet, Target, running_target, wait_until
from hosts import Network, why_impossible
from packets import packets_of, recorded, streams_of
from secret_forms import found_in
from strangers import TOKEN, Authority

PLANTED = {
    "a declared secret of the environment": "d3cl4red/env+7",
    "a declared secret of a file": "d3cl4red-f1le",
    "a bearer token in the plan": "b34rer.tok-en",
    "the password of the base URL": "uRl-pw7",
    "a query": "qu3ry=key",
    "a password in a body": 'j50n"pässword',
    "a row of data": "r0w<pass>",
    "the join token": TOKEN,
}
REPORTS = ("csv=csv", "html=report.html", "junit=junit.xml", "markdown=report.md", "parquet=samples.parquet")
DUMPING = ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh"]
"""The words before a command that may write core dumps of any size."""


def plan_of(target: Target, folder: Path) -> Path:
    """A plan with all of them; each action fails now and then, so that samples of failures are reported."""
    planted = list(PLANTED.values())
    (folder / "secret").write_text(planted[1])
    rows = [f"user-{number},{planted[6]}" for number in range(4)]
    (folder / "users.csv").write_text("\n".join(["name,password", *rows]))
    headers = {
        "Authorization": f"Bearer {planted[2]}",
        "X-Env": "{{secrets.ENV}}",
        "X-File": "{{secrets.FILE}}",
    }
    body = {"password": planted[5], "row": "{{user.password}}", "env": "{{secrets.ENV}}"}
    plan = {
        "config": {
            "name": "secrets",
            "base_url": target.url.replace("//", f"//me:{planted[3]}@"),
            "duration": "60s",
            "headers": headers,
        },
        "secrets": {"ENV": {"env": "PLAN_SECRET"}, "FILE": {"file": "secret"}},
        "users": [
            {
                "name": "user",
                "concurrency": 4,
                "iterations": 100,
                "data": {"user": "users.csv"},
                "behavior": ["echo", "broken", "slow"],
            }
        ],
        "actions": {
            "echo": {
                "url": "/login/echo",
                "method": "POST",
                "body": body,
                "assertions": [{"body_contains": "no such text"}],
            },
            "broken": {
                "url": "/ok",
                "query": {"api_key": planted[4]},
                "headers": {"Authorization": "", "X-Row": "{{user.password}}"},
                "assertions": [{"status_code": 201}],
            },
            "slow": {"url": "/sleep/0.02"},
        },
        "thresholds": ["error_rate <= 100%"],
    }
    path = folder / "plan.yaml"
    path.write_text(json.dumps(plan))
    return path


@contextmanager
def hosts(folder: Path, *agents: str) -> Iterator[tuple[Network, Fleet, Target]]:
    """A network with a master, agents and a target; the fleet's outputs go to `out`."""
    if reason := why_impossible():
        pytest.skip(reason)
    (folder / "out").mkdir()
    with closing(Network()) as network:
        network.add("master", "target", *agents)
        system = network["target"]
        with (
            running_target(folder, system.address, system.prefix) as target,
            closing(Fleet(folder / "out", network["master"].address)) as fleet,
        ):
            yield network, fleet, target


def descendants(process: Any) -> Iterator[psutil.Process]:
    main = psutil.Process(process.pid)
    yield main
    yield from main.children(recursive=True)


def test_a_run_with_tls_and_token_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosts(tmp_path, "a", "b") as (network, fleet, target):
        authority = Authority(tmp_path, network["master"].address)
        master_options, agent_options = authority.options("master"), authority.options("agent")
        keys = {side: (tmp_path / f"{side}-key.pem").read_text().splitlines()[1] for side in ("master", "agent")}
        with recorded(network["master"].prefix, tmp_path / "packets"):
            with monkeypatch.context() as context:
                context.setenv("GRADUAL_TOKEN", TOKEN)
                context.setenv("PLAN_SECRET", PLANTED["a declared secret of the environment"])
                reports = [word for report in REPORTS for word in ("-o", report)]
                master = fleet.start_master(
                    plan_of(target, tmp_path),
                    2,
                    *(*without(master_options, "--token-file"), *reports, "-o", "console"),
                    prefix=[*network["master"].prefix, *DUMPING],
                )
            first = fleet.start_agent("a", *agent_options, prefix=[*network["a"].prefix, *DUMPING])
            with monkeypatch.context() as context:
                context.setenv("GRADUAL_TOKEN", TOKEN)
                several = ["--processes", "2", *without(agent_options, "--token-file")]
                second = fleet.start_agent("b", *several, prefix=[*network["b"].prefix, *DUMPING])
            wait_until(lambda: target.count() > 20 or master.poll() is not None, "load")
            shown = {}
            for process in (master, first, second):
                for each in descendants(process):
                    shown[f"the command line of {each.pid}"] = "\0".join(each.cmdline()).encode()
                    if each.pid not in (master.pid, second.pid):  # These two were given the variable itself.
                        shown[f"the environment of {each.pid}"] = json.dumps(each.environ()).encode()
            outcome = fleet.wait(master, [first, second])

        assert outcome.code == 0, outcome.output[-4000:]
        seen = len(target.records().requests)
        assert seen == sum(map(outcome.arrived, ("echo", "broken", "slow"))) == 4 * 100 * 3
        assert outcome.summary is not None
        samples = outcome.summary["error_samples"]
        assert {sample["step"] for sample in samples} == {"echo", "broken"}
        assert len(shown) >= 8

        files = {str(path.name): path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
        assert {"report.html", "junit.xml", "report.md", "actions.csv", "summary.json", "a.log"} <= files.keys()
        assert any(name.endswith(".parquet") for name in files)
        assert b"curl" in files["report.html"]
        secrets = PLANTED | {f"the key of the {side}": key for side, key in keys.items()}
        assert not found_in(files | shown, secrets)

        streams = streams_of(tmp_path / "packets")
        port = {sent for *_, sent in streams} | {source for _, _, source, _ in streams}
        assert fleet.port in port
        assert sum(map(len, streams.values())) > 10_000
        wire = {f"the stream {direction}": content for direction, content in streams.items()}
        wire["the packets"] = b"".join(packets_of(tmp_path / "packets"))
        assert not found_in(wire, secrets | {"an address of the plan": "/login/echo", "its template": "secrets.ENV"})


def test_the_same_search_finds_what_passes_in_plaintext(tmp_path: Path) -> None:
    with hosts(tmp_path, "a") as (network, fleet, target):
        (tmp_path / "users.csv").write_text("name,note\nalice,a-note-of-the-data\n")
        plan = {
            "config": {"name": "plain", "base_url": target.url, "duration": "60s"},
            "users": [
                {"name": "u", "concurrency": 1, "iterations": 3, "data": {"user": "users.csv"}, "behavior": ["work"]}
            ],
            "actions": {"work": {"url": "/ok", "headers": {"X-Note": "{{user.note}}"}}},
        }  # fmt: skip
        (tmp_path / "plan.yaml").write_text(json.dumps(plan))
        with recorded(network["master"].prefix, tmp_path / "packets"):
            master = fleet.start_master(tmp_path / "plan.yaml", 1, "--insecure", prefix=network["master"].prefix)
            agent = fleet.start_agent("a", "--insecure", prefix=network["a"].prefix)
            outcome = fleet.wait(master, [agent])
        assert outcome.code == 0, outcome.output[-4000:]
        streams = {str(direction): content for direction, content in streams_of(tmp_path / "packets").items()}
        assert found_in(streams, {"a row": "a-note-of-the-data"})
        assert found_in(streams, {"an address": "/ok"})


def test_a_plan_with_secrets_is_not_sent_in_plaintext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAN_SECRET", "d3cl4red")
    with hosts(tmp_path) as (network, fleet, target):
        plan = plan_of(target, tmp_path)
        authority = Authority(tmp_path, network["master"].address)
        encrypted = without(authority.options("master"), "--tls-ca")
        for name, options in {
            "plaintext": ["--insecure"],
            "no token": ["--insecure", *without(encrypted, "--token-file")],
            "a token in plaintext": ["--insecure", "--token-file", str(tmp_path / "token")],
        }.items():
            master = fleet.start_master(plan, 1, *options, prefix=network["master"].prefix)
            assert master.wait(60) == 2, name
        output = fleet.output("master")
        assert output.count("the plan has a secret, a key or a credential") == 2
        assert "the token would pass the network in plaintext; add --tls-cert FILE --tls-key FILE" in output


def without(options: list[str], *names: str) -> list[str]:
    """The options without those of these names, and without their values."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return [word for name, value in pairs if name not in names for word in (name, value)]


@pytest.mark.parametrize("wanted", [False, True])
def test_a_crash_dumps_no_secret_unless_dumps_are_wanted(wanted: bool, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "out").mkdir()
    environment = {"GRADUAL_CORE_DUMPS": "1"} if wanted else {}
    with socket.socket() as silent, closing(Fleet(tmp_path / "out")) as fleet:
        silent.bind(("127.0.0.1", fleet.port))  # Nobody listens there.
        process = fleet.start_agent(
            "a", *authority.options("agent"), "--processes", "2", prefix=DUMPING, env=environment
        )
        wait_until(lambda: fleet.output("a").count("no master at") >= 2, "both processes wait for a master")
        for each in reversed(list(descendants(process))):
            each.send_signal(signal.SIGSEGV)
            wait_until(lambda each=each: has_ended(each), "it has crashed")
        assert process.wait(60) != 0
    dumps = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.name.startswith("core")}
    if not wanted:
        assert dumps == {}
    elif writes_core_files():
        assert found_in(dumps, {"the token": TOKEN})


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or waits for its parent to take note."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def writes_core_files() -> bool:
    """Whether this machine writes a dump to the folder of the process, as the first case of the test assumes."""
    pattern = Path("/proc/sys/kernel/core_pattern")
    return pattern.exists() and pattern.read_text().startswith("core") and os.access(".", os.W_OK)


def test_agents_of_gradual_run_do_not_inherit_what_the_plan_reads(
    target: Target, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAN_SECRET", PLANTED["a declared secret of the environment"])
    plan = plan_of(target, tmp_path)
    run = fleet.start("run", [str(BIN / "gradual"), "run", str(plan), "--agents", "2", "-q"])
    wait_until(lambda: target.count() > 20 or run.poll() is not None, "load")
    agents = list(descendants(run))[1:]
    shown = {f"the environment of {agent.pid}": json.dumps(agent.environ()).encode() for agent in agents}
    shown |= {f"the command line of {agent.pid}": "\0".join(agent.cmdline()).encode() for agent in agents}
    assert run.wait(60) == 0, fleet.output("run")
    assert len(shown) == 2 * 2
    assert not found_in(shown, PLANTED)
