"""`gradual try` performs one iteration of one user and tells all of it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gradual.demo.bank import Bank
from gradual.demo.server import listening
from gradual.trial.printer import TrialPrinter
from gradual.trial.trial import Trial, find_group
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_common.secrecy.masking import Mask

LOGIN = {"method": "POST", "url": "/api/auth/login", "body": {"username": "user0001", "password": "{{password}}"}}


@pytest.fixture
def bank() -> Bank:
    return Bank(workers=4)


@pytest.fixture
async def url(bank: Bank) -> AsyncIterator[str]:
    async with listening(bank, "127.0.0.1", 0) as address:
        yield address


def plan(
    url: str, group: dict[str, Any], actions: dict[str, Any], environ: dict[str, str] | None = None, **more: Any
) -> LoadedPlan:
    config = {"base_url": url, "duration": "10s", "graceful_stop": "5s"}
    groups = [{"name": "customer", "concurrency": 1, **group}]
    source = {"config": config, "users": groups, "actions": actions, **more}
    return load_plan(PlanSource(mapping=source), environ=environ or {})


async def printed(loaded: LoadedPlan) -> tuple[str, int]:
    lines: list[str] = []
    printer = TrialPrinter(lines.append, Mask(loaded.job.secrets.values()))
    await Trial(loaded, 0, printer).run()
    return "\n".join(lines), printer.failures


async def test_each_failed_step_is_printed_also_one_that_sends_nothing(url: str) -> None:
    steps = [
        {"push": {"orders": 1}},
        {"pop": {"order": "orders"}},
        {"pop": {"other": "orders"}, "name": "take"},
        {"set": {"share": "{{ 100 / vu.iteration }}"}},
        {"poll": "help", "until": "false", "every": "1ms", "within": "5ms"},
        {"if": "1 / vu.iteration > 1", "steps": ["help"]},
    ]
    text, failures = await printed(plan(url, {"behavior": steps}, {"help": {"url": "/api/help"}}))
    assert text.count("── take ──") == 1, text
    assert "(data): the pool 'orders' is empty" in text
    assert "failed: template failed (template): '{{ 100 / vu.iteration }}': division by zero" in text
    assert "(poll): 'false' did not hold within 0.005 s" in text
    assert "if: condition 1 / vu.iteration > 1 cannot be evaluated" in text
    assert failures == 4


async def test_requests_responses_variables_and_conditions_are_printed(url: str, bank: Bank) -> None:
    login = {
        **LOGIN,
        "body": {"username": "user0001", "password": "secret-0001"},
        "extract": {"account": "json: data.account"},
        "assertions": [{"status_code": 200}, {"response_time": "< 1ns"}],
    }
    steps = [
        {"action": "login", "think_time": "1h"},
        {"action": "dashboard", "condition": "response.status == 'success'"},
        {"action": "help", "condition": "{{response.error == 'assertion:response_time'}}"},
    ]
    actions = {"login": login, "dashboard": {"url": "/api/dashboard"}, "help": {"url": "/api/help"}}
    text, failures = await printed(plan(url, {"behavior": steps, "pacing": "1h"}, actions))
    assert f"POST {url}/api/auth/login" in text
    assert '{"username":"user0001","password":"***"}' in text
    assert "200 OK, " in text
    assert "assertion held: status_code: 200" in text
    assert "assertion failed: response_time: < 1ns" in text
    assert "account = 1" in text
    assert "(assertion:response_time)" in text
    assert "dashboard: condition response.status == 'success' is false: skipped" in text
    assert "help: condition {{response.error == 'assertion:response_time'}} is true" in text
    assert "Done: 1 step failed." in text
    assert failures == 1
    assert bank.counts.report()["routes"] == {"POST /api/auth/login": 1, "GET /api/help": 1}


async def test_cookies_are_shown_with_the_request_that_carries_them(url: str) -> None:
    login = {**LOGIN, "body": {"username": "user0001", "password": "secret-0001"}}
    actions = {"login": login, "dashboard": {"url": "/api/dashboard"}}
    group = {"on_start": [{"action": "login"}], "behavior": [{"action": "dashboard"}], "on_stop": [{"action": "login"}]}
    text, failures = await printed(plan(url, group, actions))
    assert failures == 0
    assert "── login#2 (login) ─" in text
    assert "  Cookie: ***" in text.split("── dashboard")[1]
    assert "Done: every step succeeded." in text


async def test_secrets_are_masked_wherever_they_turn_up(url: str) -> None:
    password = "{{secrets.PASSWORD}}"
    login = {**LOGIN, "body": {"username": "user0001", "password": password}, "query": {"q": password}}
    loaded = plan(
        url,
        {"behavior": [{"action": "login"}]},
        {"login": login},
        {"PASSWORD": "top secret!"},
        secrets={"PASSWORD": {"env": "PASSWORD"}},
    )
    text, failures = await printed(loaded)
    assert failures == 1
    assert "top secret" not in text
    assert "top%20secret" not in text
    assert '"password":"***"' in text


async def test_an_on_start_that_fails_ends_the_trial(url: str, bank: Bank) -> None:
    actions = {"dashboard": {"url": "/api/dashboard"}, "rates": {"url": "/api/rates"}}
    group = {"on_start": [{"action": "dashboard"}], "behavior": [{"action": "rates"}]}
    text, failures = await printed(plan(url, group, actions))
    assert failures == 1
    assert "401 Unauthorized" in text
    assert bank.counts.report()["routes"] == {"GET /api/dashboard": 1}


async def test_data_of_slot_0_is_shown(url: str, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("username,password\nuser0007,secret-0007\n")
    login = {**LOGIN, "body": {"username": "{{user.username}}", "password": "{{user.password}}"}}
    group = {"behavior": [{"action": "login"}], "data": {"user": str(tmp_path / "users.csv")}}
    text, failures = await printed(plan(url, group, {"login": login}))
    assert failures == 0
    assert "user: username = 'user0007', password = ***" in text


async def serve_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers never, a byte at a time, or without an end, as the path says; until the client has gone."""
    path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
    try:
        if path != b"/never":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not reader.at_eof() and not writer.is_closing():
            await asyncio.sleep(0.01)
            if path != b"/never":
                writer.write(b"x" * (1 if path == b"/drip" else 1 << 20))
                await writer.drain()
    except ConnectionError:
        pass  # The client has had enough, which is what is tried here.
    finally:
        writer.close()


async def test_a_trial_ends_for_every_behaviour_of_the_server() -> None:
    steps = ["never", "drip", "endless"]
    actions = {step: {"url": f"/{step}", "timeout": "300ms", "max_body": 4_000_000} for step in steps}
    actions["endless"]["timeout"] = "30s"
    group = {"behavior": [{"action": step, "think_time": "5h"} for step in steps], "on_stop": ["never"], "pacing": "9h"}
    server = await asyncio.start_server(serve_without_end, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        text, failures = await printed(plan(f"http://127.0.0.1:{port}", group, actions))
    assert text.count("(timeout): no complete response within 0.3 s") == 3
    assert text.count("(body_too_large)") == 1
    assert failures == 4


def test_a_group_is_found_by_name_and_an_unknown_one_names_the_nearest() -> None:
    loaded = plan("http://x", {"behavior": [{"action": "a"}]}, {"a": {"url": "/"}})
    assert find_group(loaded.plan, None) == find_group(loaded.plan, "customer") == 0
    with pytest.raises(typer.BadParameter, match="did you mean 'customer'"):
        find_group(loaded.plan, "custmer")
    with pytest.raises(typer.BadParameter, match="groups: customer"):
        find_group(loaded.plan, "zzz")


def test_a_reader_that_goes_away_does_not_stop_the_iteration() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = "from gradual.trial.trial import write_line; write_line('a'); write_line('b')"
    done = subprocess.run([sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("section", ["on_start", "behavior"])
async def test_a_condition_that_cannot_be_evaluated_is_a_failure_and_ends_the_trial(url: str, section: str) -> None:
    broken = [{"action": "help", "condition": "response.json.a.b"}]
    group: dict[str, Any] = {"behavior": ["help"], section: broken}
    text, failures = await printed(plan(url, group, {"help": {"url": "/api/help"}}))
    assert "cannot be evaluated" in text
    assert failures == 1


@pytest.mark.parametrize("section", ["on_start", "behavior"])
async def test_a_bug_is_printed_and_ends_the_trial(
    url: str, section: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def perform(*_: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("gradual_agent.kinds.http.engine.HttpAction.perform", perform)
    group: dict[str, Any] = {"behavior": ["help"], section: ["help"]}
    text, failures = await printed(plan(url, group, {"help": {"url": "/api/help"}}))
    assert "(internal): ZeroDivisionError: ours" in text or "failed: internal: ZeroDivisionError: ours" in text
    assert failures == 1


@pytest.fixture
def foreground() -> Iterator[None]:
    """Ctrl-C is heard by what is started: in the background of a shell it would be ignored, as by the tests."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def test_ctrl_c_ends_a_trial_with_130(foreground: None, tmp_path: Path) -> None:
    """The server takes the request and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        written = tmp_path / "plan.yaml"
        written.write_text(
            f"config: {{base_url: 'http://127.0.0.1:{silent.getsockname()[1]}', duration: 1h}}\n"
            "users: [{name: u, concurrency: 1, behavior: [{action: a}]}]\n"
            "actions: {a: {url: /, timeout: 1h}}\n"
        )
        command = [str(Path(sys.executable).with_name("gradual")), "try", str(written)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as trial:
            try:
                with silent.accept()[0] as connection:
                    assert connection.recv(3) == b"GET"
                    trial.send_signal(signal.SIGINT)
                    out, err = trial.communicate(timeout=60)
            finally:
                trial.kill()
    assert trial.returncode == 130
    assert out.endswith("failed: interrupted\n\nInterrupted.\n")
    assert "Traceback" not in err


ONCE_ACTIONS: dict[str, Any] = {
    "login": {
        **LOGIN,
        "body": {"username": "user0001", "password": "secret-0001"},
        "extract": {"access": "json: data.token"},
    },
    "dashboard": {"url": "/api/dashboard", "headers": {"Authorization": "Bearer {{access}}"}},
    "logout": {"method": "POST", "url": "/api/auth/logout", "headers": {"Authorization": "Bearer {{access}}"}},
}


async def test_set_up_and_teardown_are_performed_around_the_iteration(url: str, bank: Bank) -> None:
    loaded = plan(url, {"behavior": ["dashboard"]}, ONCE_ACTIONS, setup=["login"], teardown=["logout"])
    text, failures = await printed(loaded)
    order = [
        "The set-up, which is performed once",
        "── login",
        "One user of 'customer'",
        "── dashboard",
        "The teardown",
    ]
    places = [text.index(part) for part in (*order, "── logout", "Done")]
    assert places == sorted(places)
    assert failures == 0, text
    assert bank.counts.report()["routes"] == {
        "POST /api/auth/login": 1,
        "GET /api/dashboard": 1,
        "POST /api/auth/logout": 1,
    }


async def test_after_a_set_up_that_fails_only_the_teardown_is_performed(url: str, bank: Bank) -> None:
    actions = {**ONCE_ACTIONS, "nothing": {"url": "/nothing"}, "help": {"url": "/api/help"}}
    loaded = plan(url, {"behavior": ["dashboard"]}, actions, setup=["nothing", "login"], teardown=["help"])
    text, failures = await printed(loaded)
    assert failures == 1
    assert "One user of" not in text
    assert bank.counts.report()["routes"] == {"GET /api/help": 1, "other": 1}


async def test_a_pool_passes_a_value_on_and_an_empty_one_fails_at_once_and_says_so(url: str) -> None:
    steps = [{"push": {"accounts": "{{ 7 }}"}}, {"pop": {"account": "accounts", "wait": "1h"}}, "look"]
    actions = {"look": {"url": "/api/rates?of={{ account }}"}}
    text, failures = await printed(plan(url, {"behavior": [*steps, {"pop": {"x": "accounts", "wait": "1h"}}]}, actions))
    assert "/api/rates?of=7" in text
    assert failures == 1
    assert "── pop#2 " in text
    assert "the pool 'accounts' is empty" in text


async def test_steps_of_pools_that_are_simultaneous_are_performed_in_order(url: str) -> None:
    steps = [{"parallel": [{"push": {"accounts": 8}}, {"pop": {"account": "accounts"}}]}, "look"]
    text, failures = await printed(plan(url, {"behavior": steps}, {"look": {"url": "/api/rates?of={{ account }}"}}))
    assert ("/api/rates?of=8" in text, failures) == (True, 0), text


def test_code_that_leaves_a_thread_behind_does_not_hold_the_trial_up(tmp_path: Path) -> None:
    plan = "config: {base_url: 'http://127.0.0.1:9', duration: 1s}\n"
    plan += "users: [{name: u, concurrency: 1, behavior: [a]}]\nactions: {a: {python: 'leaving:begin'}}\n"
    (tmp_path / "plan.yaml").write_text(plan)
    code = "import asyncio, time\nasync def begin(user):\n"
    code += "    asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)\n"
    (tmp_path / "leaving.py").write_text(code)
    run = "from gradual_agent.runtime import leftovers; leftovers.END_S = 0.1\nfrom gradual.cli.app import app; app()"
    command = [sys.executable, "-c", run, "try", str(tmp_path / "plan.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "The code of a Python action goes on; this process ends without it." in done.stdout
