"""`gradual kubernetes run`, `logs` and `stop`, from their options to what they ask of a cluster."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_cluster import RUNNING, FakeCluster, ended, job, pod
from stored_runs import stored_summary
from typer.testing import CliRunner

from gradual.cli.app import app
from gradual.errors import ClusterError, ClusterInputError
from gradual.kubernetes import commands
from gradual.kubernetes.cluster.diagnosis import AGENT, MASTER
from gradual.kubernetes.running import ClusterRun
from gradual_master.reporting.jsonfile import render_json
from gradual_master.store.opening import open_store
from gradual_master.store.runs import find_run

BANK = str(Path(__file__).parents[3] / "examples/bank.yaml")
OWNER = {"kind": "ConfigMap", "metadata": {"name": "trial-plan"}}

Use = Callable[[FakeCluster], FakeCluster]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Make a cluster that of the commands."""
    monkeypatch.setattr(commands.time, "sleep", lambda _: None)

    def use(cluster: FakeCluster) -> FakeCluster:
        monkeypatch.setattr(commands, "connect", lambda *_: cluster)
        return cluster

    return use


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["kubernetes", *words], catch_exceptions=False)
    return result.exit_code, result.output


def test_a_run_gets_the_objects_of_its_plan_and_its_exit_code_may_be_another(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeCluster())
    made: list[str] = []

    def run(self: ClusterRun, objects: list[dict[str, str]]) -> int:
        made.extend(entry["kind"] for entry in objects)
        return self._options.exit_codes[1]

    monkeypatch.setattr(ClusterRun, "run", run)
    assert command("run", BANK, "--agents", "3", "--exit-code", "failed=99")[0] == 99
    assert made[:2] == ["ConfigMap", "Secret"]
    assert made.count("Job") == 2


def test_a_mistake_comes_before_the_cluster_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "connect", lambda *_: pytest.fail("the cluster was asked"))
    for words, said in (
        (["--monitor"], "--monitor cannot be used with run"),
        (["--name", "A"], "--name 'A'"),
        (["--report-folder", BANK], rf"--report-folder {BANK}: cannot be written: Not a directory"),
    ):
        with pytest.raises(ClusterInputError, match=said):
            command("run", BANK, *words)


def test_the_logs_of_master_and_agents(use: Use) -> None:
    cluster = use(FakeCluster())
    cluster.objects = [OWNER, pod("m", MASTER, RUNNING), pod("a", AGENT, RUNNING), pod("b", AGENT, ended(0))]
    cluster.logs = {"m": b"of the master\n", "a": b"of a\n", "b": b"of b\n"}
    assert command("logs", "trial") == (0, "of the master\n")
    assert command("logs", "trial", "--agents") == (0, "--- a\nof a\n--- b\nof b\n")


def test_a_master_that_has_not_started_has_no_log(use: Use) -> None:
    use(FakeCluster()).objects = [OWNER, pod("m", MASTER)]
    with pytest.raises(ClusterError, match="the master of trial has not started"):
        command("logs", "trial")


@pytest.mark.parametrize("word", ["logs", "stop"])
def test_a_run_that_is_not_there_is_named(word: str, use: Use) -> None:
    use(FakeCluster())
    with pytest.raises(ClusterError, match="there is no run called trial in the namespace load"):
        command(word, "trial")


@pytest.mark.parametrize("word", ["logs", "stop"])
@pytest.mark.parametrize("name", ["", "my run", "trial,app.kubernetes.io/component=agent"])
def test_only_a_name_is_asked_for(word: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More would be a selector of its own for objects that are then deleted."""
    monkeypatch.setattr(commands, "connect", lambda *_: pytest.fail("the cluster was asked"))
    with pytest.raises(ClusterInputError, match=f"NAME '{name}' cannot be used"):
        command(word, name)


@pytest.mark.parametrize("has_ended", [True, False])
def test_stop_may_come_when_the_master_has_just_ended(has_ended: bool, use: Use) -> None:
    cluster = use(FakeCluster())
    states = iter([RUNNING, ended(0) if has_ended else RUNNING, ended(0)])
    listed = cluster.of_run

    def of_run(kind: str, name: str) -> list[dict[str, object]]:
        if kind == "Pod" and cluster.objects:
            cluster.replace(pod("m", MASTER, next(states), phase="Succeeded"))
        return listed(kind, name)

    cluster.objects = [OWNER, job(MASTER)]
    cluster.of_run = of_run  # type: ignore[method-assign]
    cluster.outputs["sh"] = ClusterError("container not found")
    if has_ended:
        command("stop", "trial")
        assert cluster.done == ["sh in master", "delete ConfigMap trial-plan"]
    else:
        with pytest.raises(ClusterError, match="container not found"):
            command("stop", "trial")
        assert cluster.done == ["sh in master"]


def test_stop_lets_the_master_report_before_everything_is_removed(use: Use, capfd: pytest.CaptureFixture[str]) -> None:
    cluster = use(FakeCluster())
    phases = iter(["Running", "Running", "Succeeded", "Succeeded"])
    listed = cluster.of_run

    def of_run(kind: str, name: str) -> list[dict[str, object]]:
        if kind == "Pod" and cluster.objects:
            cluster.replace(pod("m", MASTER, RUNNING, phase=next(phases)))
        return listed(kind, name)

    cluster.objects = [OWNER, job(MASTER)]
    cluster.of_run = of_run  # type: ignore[method-assign]
    code, shown = command("stop", "trial")
    assert cluster.done == ["sh in master", "delete ConfigMap trial-plan"]
    assert code == 0
    assert "nothing of trial is left in the namespace load" in shown


def test_stop_removes_a_run_that_has_ended(use: Use) -> None:
    cluster = use(FakeCluster())
    cluster.objects = [OWNER, job(MASTER, "Complete"), pod("m", MASTER, ended(0))]
    command("stop", "trial")
    assert cluster.done == ["delete ConfigMap trial-plan"]


def test_stop_does_not_wait_for_ever(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(FakeCluster())
    monkeypatch.setattr(commands, "COLLECTED_S", -1)
    cluster.objects = [OWNER, job(MASTER), pod("m", MASTER, RUNNING)]
    command("stop", "trial")
    assert cluster.done == ["sh in master", "delete ConfigMap trial-plan"]


def test_a_run_that_was_brought_goes_into_the_callers_store(
    use: Use, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(FakeCluster())
    summary = stored_summary(1)

    def run(self: ClusterRun, objects: object) -> int:
        self.reports = [tmp_path / "report.html", tmp_path / "summary.json"]
        return 1

    monkeypatch.setattr(ClusterRun, "run", run)
    store = tmp_path / "runs"
    (tmp_path / "summary.json").write_text(render_json(summary))
    assert command("run", BANK, "--store", str(store))[0] == 1
    with open_store(store).reading() as connection:
        assert find_run(connection, "last").id == summary.run.id
    (tmp_path / "summary.json").write_text("{")
    code, output = command("run", BANK, "--store", str(store))
    assert code == 3
    assert "the run is not stored" in output


def test_rendering_stores_nothing(tmp_path: Path) -> None:
    with pytest.raises(ClusterInputError, match="--store cannot be used with render"):
        command("render", BANK, "--store", str(tmp_path / "runs"))
