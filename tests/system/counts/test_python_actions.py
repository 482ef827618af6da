"""Python actions end to end: the system counts what the report says, and only allowed code runs."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import BIN, Fleet, Outcome, Target, wait_until

from gradual import run

CODE = '''
import asyncio

seen = 0

async def transfer(user, amount, fails=False):
    """Three requests, one of them over two redirects; `fails`: every second call in this process raises."""
    global seen
    seen += 1
    mine = seen
    login = await user.http.post("/login", json={"password": "good-1"})
    user.variables["token"] = login.json["token"]
    await asyncio.gather(user.http.get("/redirect/2"), asyncio.sleep(0.001))
    await user.sleep(0.01)
    await user.http.post("/ok/transfer", json={"amount": amount})
    if fails and mine % 2:
        raise RuntimeError("no more money")

async def fee(user):
    await user.http.get("/ok/fee")
    user.record("fee", 0.25)
    user.record("fee", None)

async def hang(user):
    await user.http.get("/ok/before")
    await user.http.get("/sleep/60")

async def sleep(user):
    await user.http.get("/ok/before")
    await user.sleep(3600)
    await user.http.get("/ok/never")

async def stubborn(user):
    await user.http.get("/ok/before")
    while True:
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            pass

async def elsewhere(user):
    await user.http.get("http://other.example/")
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "code"
    path.mkdir()
    (path / "system_actions.py").write_text(CODE)
    return path


def plan(target: Target, *steps: Any, actions: dict[str, Any], **group: Any) -> dict[str, Any]:
    return {
        "config": {"name": "python", "base_url": target.url, "duration": "60s"},
        "users": [{"name": "user", "concurrency": 4, "behavior": list(steps), **group}],
        "actions": actions,
        "thresholds": [],
    }


def transfers(target: Target, **args: Any) -> dict[str, Any]:
    action = {"python": "system_actions:transfer", "args": {"amount": "{{ vu.slot }}", **args}, "sets": ["token"]}
    return plan(
        target,
        "transfer",
        "read",
        actions={"transfer": action, "read": {"url": "/ok/read", "headers": {"X-Row": "{{ token }}"}}},
        iterations=5,
    )


def check_sum(outcome: Outcome, target: Target) -> dict[str, Any]:
    """What the system counts is what the report says; the totals."""
    assert outcome.summary is not None, outcome.output[-4000:]
    totals: dict[str, Any] = outcome.summary["totals"]
    terms = sum(totals[name] for name in ("interrupted", "hops", "retried", "resent", "further"))
    assert totals["requests"] - totals["unsent"] + terms == totals["sent"] == target.count()
    return totals


@pytest.mark.parametrize("agents", [1, 3])
def test_the_system_counts_what_python_actions_say_they_sent(
    target: Target, fleet: Fleet, folder: Path, agents: int
) -> None:
    master = fleet.start_master(transfers(target), agents)
    started = [fleet.start_agent(f"a{number}", "--allow-code", str(folder)) for number in range(agents)]
    outcome = fleet.wait(master, started)
    assert outcome.code == 0, outcome.output[-4000:]
    redirects = {"/redirect/2": 20, "/redirect/1": 20}
    assert target.records().paths == {"/login": 20, **redirects, "/ok": 20, "/ok/transfer": 20, "/ok/read": 20}
    totals = check_sum(outcome, target)
    assert (totals["requests"], totals["hops"], totals["further"]) == (40, 40, 40)


def test_what_the_code_raises_is_a_failure_with_its_line(target: Target, fleet: Fleet, folder: Path) -> None:
    master = fleet.start_master(transfers(target, fails=True), 1)
    outcome = fleet.wait(master, [fleet.start_agent("a", "--allow-code", f"{folder}/system_actions.py")])
    check_sum(outcome, target)
    assert outcome.summary is not None
    (error,) = outcome.summary["errors"]
    assert (error["kind"], error["label"], error["count"]) == ("python", "RuntimeError in Python code", 10)
    line = CODE.splitlines().index('        raise RuntimeError("no more money")') + 1
    assert error["cause"] == f"RuntimeError: no more money (system_actions.py:{line})"
    assert outcome.summary["verdict"]["status"] != "invalid"


def test_set_up_by_python_is_seen_by_every_user(target: Target, fleet: Fleet, folder: Path) -> None:
    document = transfers(target)
    document["setup"] = [{"action": "prepare"}]
    document["actions"]["prepare"] = {**document["actions"].pop("transfer"), "args": {"amount": 1}}
    document["users"][0]["behavior"] = ["read"]
    master = fleet.start_master(document, 2)
    agents = [fleet.start_agent(f"a{number}", "--allow-code", f"{folder}/") for number in range(2)]
    outcome = fleet.wait(master, agents)
    assert outcome.code == 0, outcome.output[-4000:]
    assert outcome.summary is not None
    totals = outcome.summary["totals"]
    assert (totals["sent"], totals["setup_sent"], target.count()) == (25, 5, 25)
    assert {row for _, _, row, *_ in target.records().requests if row} == {"t-1"}


@pytest.mark.parametrize("name", ["hang", "sleep"])
def test_a_stop_in_the_middle_leaves_the_counts_exact(target: Target, fleet: Fleet, folder: Path, name: str) -> None:
    """The end of the run finds every user in a request that is not answered, or in a deliberate wait."""
    document = plan(target, "act", actions={"act": {"python": f"system_actions:{name}"}})
    document["config"] |= {"duration": "3s", "graceful_stop": "200ms"}
    agents = [("--allow-code", str(folder)), ("--allow-code", str(folder))]
    master = fleet.start_master(document, 2)
    outcome = fleet.wait(master, [fleet.start_agent(f"a{n}", *options) for n, options in enumerate(agents)])
    totals = check_sum(outcome, target)
    assert (totals["requests"], totals["interrupted"]) == (0, 4)
    assert target.records().paths == ({"/ok/before": 4, "/sleep/60": 4} if name == "hang" else {"/ok/before": 4})


def test_an_agent_ends_without_code_that_ignores_its_cancellation(target: Target, fleet: Fleet, folder: Path) -> None:
    document = plan(target, "act", actions={"act": {"python": "system_actions:stubborn"}})
    document["config"] |= {"duration": "2s", "graceful_stop": "200ms"}
    outcome = fleet.wait(fleet.start_master(document, 1), [fleet.start_agent("a", "--allow-code", f"{folder}/")])
    totals = check_sum(outcome, target)
    assert (outcome.agent_codes, totals["interrupted"]) == ([0], 4)
    assert "this process ends without it" in fleet.output("a")


def test_its_requests_go_only_where_the_agent_may_send(target: Target, fleet: Fleet, folder: Path) -> None:
    document = plan(target, "act", actions={"act": {"python": "system_actions:elsewhere"}}, iterations=2)
    options = ("--allow-code", str(folder), "--allow-host", target.url.removeprefix("http://"))
    outcome = fleet.wait(fleet.start_master(document, 1), [fleet.start_agent("a", *options)])
    totals = check_sum(outcome, target)
    assert (totals["failures"], totals["unsent"], totals["sent"]) == (8, 8, 0)
    assert "this agent may not send to other.example:80" in str(outcome.summary)


def test_without_the_option_the_job_is_refused_before_any_load(target: Target, fleet: Fleet, folder: Path) -> None:
    """Also where the code lies in the agent's working folder."""
    (fleet.folder / "system_actions.py").write_text(CODE)
    master = fleet.start_master(transfers(target), 2)
    outcome = fleet.wait(
        master, [fleet.start_agent("free"), fleet.start_agent("allowing", "--allow-code", str(folder))]
    )
    assert (outcome.code, outcome.agent_codes[0]) == (3, 3), outcome.output[-4000:]
    reason = (
        "the plan runs the code system_actions:transfer, but on this agent no code is allowed; its operator may allow"
        " it with --allow-code system_actions for an installed module, or --allow-code FOLDER/ for the folder of"
        " system_actions.py"
    )
    for side in ("master", "free"):
        assert reason in " ".join(fleet.output(side).split())
    assert target.count() == 0


def gradual(*arguments: object, folder: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "gradual"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, cwd=folder, input=stdin)


def test_gradual_run_and_try_allow_the_folder_of_the_plan_and_validate_imports_nothing(
    target: Target, folder: Path, tmp_path: Path
) -> None:
    (folder / "plan.json").write_text(json.dumps(transfers(target)))
    assert gradual("validate", folder / "plan.json", folder=tmp_path).returncode == 0

    tried = gradual("try", folder / "plan.json", folder=tmp_path)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "POST http://127.0.0.1" in tried.stdout
    assert "  token = ***" in tried.stdout
    assert target.count() == 6

    options = ("--agents", "2", "-o", "json=summary.json", "--allow-saturated", "--allow-missing", "100%")
    ran = gradual("run", folder / "plan.json", *options, folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    totals = json.loads((tmp_path / "summary.json").read_text())["totals"]
    wait_until(lambda: target.count() == 6 + totals["sent"], "all requests have arrived", 10)
    assert (totals["requests"], totals["sent"]) == (40, 120)

    (folder / "system_actions.py").write_text("raise RuntimeError('imported')")
    assert gradual("validate", folder / "plan.json", folder=tmp_path).returncode == 0
    refused = gradual("run", folder / "plan.json", *options, folder=tmp_path)
    assert refused.returncode == 3
    assert "system_actions:transfer cannot be imported: RuntimeError: imported" in " ".join(refused.stderr.split())


def test_a_run_from_python_allows_the_folder_of_a_plan_file_and_none_for_a_mapping(
    target: Target, folder: Path
) -> None:
    path = folder / "plan.json"
    path.write_text(json.dumps(transfers(target)))
    summary = run(path, agents=1, allow_saturated=True, allow_missing=1.0)
    assert (summary.verdict.status, summary.totals.requests, summary.totals.sent) == ("passed", 40, 120)
    refused = run(transfers(target), agents=1)
    assert refused.verdict.status == "invalid"
    assert "no code is allowed" in str(refused.verdict.reasons)
    assert target.count() == 120


def test_a_plan_from_standard_input_runs_no_code(target: Target, folder: Path) -> None:
    refused = gradual("run", "-", "--agents", "1", folder=folder, stdin=json.dumps(transfers(target)))
    assert refused.returncode == 3
    assert "no code is allowed" in " ".join(refused.stderr.split())
    assert target.count() == 0


def test_what_the_code_records_is_counted_exactly(target: Target, fleet: Fleet, folder: Path) -> None:
    action = {"python": "system_actions:fee", "record": {"fee": {"unit": "EUR", "resolution": 0.01}}}
    master = fleet.start_master(plan(target, "fee", actions={"fee": action}, iterations=5), 2)
    outcome = fleet.wait(master, [fleet.start_agent(f"a{n}", "--allow-code", str(folder)) for n in range(2)])
    assert outcome.code == 0, outcome.output[-4000:]
    assert outcome.summary is not None
    (row,) = outcome.summary["metrics"]
    paid = target.records().paths["/ok/fee"]
    assert (row["count"], row["sum"], row["missing"]) == (paid, paid * 0.25, paid) == (20, 5.0, 20)
