"""A second master, and the end of the first one."""

import json
from pathlib import Path

from fleet_processes import BIN, wait_until
from fleet_run import AGENTS, CEILING, FIRST, LEASE, FinishedRun, now, run_on_loopback


def test_a_second_master_is_refused_and_without_the_first_the_load_ends_with_the_lease(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master()
        wait_until(lambda: "listening" in run.fleet.output("master"), "the master listens")
        run.start_agents(*AGENTS, options=("--master-wait", "7s"))
        run.await_load()
        listen = f"127.0.0.1:{run.fleet.port}"
        command = [str(BIN / "gradual-master"), "run", "plan.yaml", "--listen", listen, "--expect-agents", "1"]
        second = run.fleet.start("second", command)
        assert second.wait(30) == 2, run.fleet.output("second")
        assert f"cannot listen on {listen}" in run.fleet.output("second")
        run.await_load(1)

        run.read_log()
        run.master.kill()
        killed_at = now()
        codes = [agent.wait(40) for agent in run.agents.values()]
        finished = FinishedRun(run.fleet.wait(run.master, []), run.read_log(), {})
    finished.check_users()
    log = finished.request_log
    assert {request.tenure for request in log.requests} == {FIRST}
    assert killed_at + LEASE // 2 < log.last_arrival <= killed_at + LEASE + CEILING
    assert codes == [3, 3, 3], finished.outcome.output
    for name in AGENTS:
        lines = [json.loads(line) for line in run.fleet.output(name).splitlines() if line.startswith("{")]
        assert any("all users were stopped at once" in line["event"] for line in lines)
        last = lines[-1]
        assert "no master for 7s" in last["event"]
        assert last["dropped"], "the batches that were not acknowledged are named"
