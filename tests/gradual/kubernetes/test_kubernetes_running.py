"""A run in a cluster, watched from its launch to its end; the cluster is a script."""

import io
import signal
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fake_cluster import RUNNING, FakeCluster, ended, job, pod, waiting

from gradual.errors import ClusterError
from gradual.kubernetes import running
from gradual.kubernetes.cluster import run_objects
from gradual.kubernetes.cluster.diagnosis import AGENT, MASTER
from gradual.kubernetes.interrupts import Interrupts, noted_interrupts
from gradual.kubernetes.running import ClusterRun, WatchOptions

OBJECTS = [{"kind": kind, "metadata": {"name": f"trial-{kind}"}} for kind in ("ConfigMap", "Secret")]
Script = Callable[[FakeCluster, int], None]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.time, "sleep", lambda _: None)
    monkeypatch.setattr(Interrupts, "pause", lambda *_: None)


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def usual(code: int = 0) -> Script:
    """Starts, runs, and ends with `code`."""

    def script(cluster: FakeCluster, step: int) -> None:
        cluster.objects += [job(MASTER), job(AGENT)] if step == 0 else []
        master = [waiting("ContainerCreating"), RUNNING, RUNNING, ended(code)][min(step, 3)]
        agent = RUNNING if step < 3 else ended(0)
        cluster.replace(pod("m", MASTER, master, ready=step == 2), *([pod("a", AGENT, agent)] if step else []))

    return script


class Trial:
    """One run of the fake cluster."""

    def __init__(self, folder: Path, script: Script, **options: Any) -> None:
        self.cluster = FakeCluster(script)
        self.cluster.outputs["tar"] = archive(**{"summary.json": b"{}"})
        self.cluster.logs["m"] = b"the master's log\n"
        self.folder = folder / "report"
        self.interrupts = Interrupts()
        self.now = 0.0
        chosen = {"agents": 1, "launch_timeout_s": 10, "folder": self.folder, **options}
        self.run = ClusterRun(self.cluster, "trial", WatchOptions(**chosen), self.interrupts, self._clock)  # type: ignore[arg-type]

    def _clock(self) -> float:
        self.now += 1
        return self.now


def test_a_run_ends_with_the_masters_code_and_its_reports_and_nothing_stays(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    trial = Trial(tmp_path, usual(1))
    assert trial.run.run(OBJECTS) == 1
    assert (trial.folder / "summary.json").read_text() == "{}"
    assert trial.cluster.objects == []
    assert trial.cluster.done == ["tar in reports", "touch in reports", "delete ConfigMap trial-ConfigMap"]
    shown = capfdbinary.readouterr()
    assert shown.out == b"the master's log\n"
    assert b"master starting, 0 of 1 agents started" in shown.err
    assert b"master ready, 1 of 1 agents started" in shown.err


def test_objects_that_are_kept_come_with_the_command_that_removes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = Trial(tmp_path, usual(), keeps=True)
    assert trial.run.run(OBJECTS) == 0
    assert trial.cluster.objects != []
    assert "kubectl --namespace load delete" in capsys.readouterr().err


def test_reports_that_cannot_be_fetched_stay_in_the_pod(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trial = Trial(tmp_path, usual())
    trial.cluster.outputs["tar"] = ClusterError("the connection is lost")
    assert trial.run.run(OBJECTS) == 3, "without its results a run is not passed"
    assert trial.cluster.objects != []
    shown = capsys.readouterr().err
    assert "the connection is lost" in shown
    assert "kubectl --namespace load exec m -c reports -- tar" in shown


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (waiting("InvalidImageName"), "does not start: InvalidImageName"),
        (waiting("ContainerCreating"), r"after 10 s \(--launch-timeout\): its pods did not start in time"),
    ],
)
def test_a_run_that_does_not_start_is_removed_and_says_why(tmp_path: Path, state: dict[str, Any], message: str) -> None:
    trial = Trial(tmp_path, lambda cluster, _: cluster.replace(pod("m", MASTER, state)))
    with pytest.raises(ClusterError, match=message):
        trial.run.run(OBJECTS)
    assert trial.cluster.objects == []


@pytest.mark.parametrize(
    ("refusal", "message"),
    [(None, "the end of its log:\nno master"), (ClusterError("no log"), "its log cannot be read: no log")],
)
def test_the_log_of_an_agent_that_ended_is_shown(tmp_path: Path, refusal: ClusterError | None, message: str) -> None:
    def script(cluster: FakeCluster, _: int) -> None:
        cluster.objects += [job(AGENT, "Failed")]
        cluster.replace(pod("a", AGENT, ended(2)))

    trial = Trial(tmp_path, script)
    trial.cluster.logs["a"] = b"no master\n"
    if refusal is not None:
        trial.cluster.refused["log"] = refusal
    with pytest.raises(ClusterError, match=f"the agent a ended with exit code 2; {message}"):
        trial.run.run(OBJECTS)


def test_an_object_that_is_refused_removes_those_that_were_made(tmp_path: Path) -> None:
    trial = Trial(tmp_path, usual())
    trial.cluster.refused["create Secret"] = ClusterError("exceeded quota")
    with pytest.raises(ClusterError, match="exceeded quota"):
        trial.run.run(OBJECTS)
    assert trial.cluster.objects == []


def test_a_run_that_somebody_else_has_just_begun_is_not_removed(tmp_path: Path) -> None:
    trial = Trial(tmp_path, usual())
    trial.cluster.refused["create ConfigMap"] = ClusterError("already exists")
    with pytest.raises(ClusterError, match="already exists"):
        trial.run.run(OBJECTS)
    assert trial.cluster.done == []


def test_a_signal_during_the_launch_removes_everything(tmp_path: Path) -> None:
    trial = Trial(tmp_path, lambda cluster, _: trial.interrupts.note(signal.SIGTERM))
    assert trial.run.run(OBJECTS) == 143
    assert trial.cluster.objects == []


def test_a_signal_during_the_run_stops_the_master_which_reports(tmp_path: Path) -> None:
    def script(cluster: FakeCluster, step: int) -> None:
        usual(130)(cluster, min(step, 2) if "sh in master" not in cluster.done else 3)
        if step == 4:
            trial.interrupts.note(signal.SIGINT)

    trial = Trial(tmp_path, script)
    assert trial.run.run(OBJECTS) == 130
    assert (trial.folder / "summary.json").exists()


def test_a_signal_for_a_master_that_has_just_ended_loses_no_reports(tmp_path: Path) -> None:
    """Between the last look and the signal the container has ended: no command can be run in it."""

    def script(cluster: FakeCluster, step: int) -> None:
        usual(1)(cluster, min(step, 2) if step < 5 else 3)
        if step == 4:
            trial.interrupts.note(signal.SIGINT)

    trial = Trial(tmp_path, script)
    trial.cluster.outputs["sh"] = ClusterError("container not found")
    assert trial.run.run(OBJECTS) == 1, "the verdict"
    assert trial.cluster.done.count("sh in master") == 2
    assert (trial.folder / "summary.json").exists()


def test_a_master_that_cannot_be_stopped_is_removed_by_a_second_signal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(cluster: FakeCluster, step: int) -> None:
        usual()(cluster, min(step, 2))
        if step in (4, 8):
            trial.interrupts.note(signal.SIGINT)

    trial = Trial(tmp_path, script)
    trial.cluster.outputs["sh"] = ClusterError("the kubelet does not answer")
    assert trial.run.run(OBJECTS) == 130
    assert trial.cluster.objects == []
    assert capsys.readouterr().err.count("stopping the run; once more") == 1


def test_a_second_signal_removes_the_run_at_once(tmp_path: Path) -> None:
    def script(cluster: FakeCluster, step: int) -> None:
        usual()(cluster, min(step, 2))
        if step in (4, 6):
            trial.interrupts.note(signal.SIGINT)

    trial = Trial(tmp_path, script)
    assert trial.run.run(OBJECTS) == 130
    assert "sh in master" in trial.cluster.done
    assert trial.cluster.objects == []
    assert not trial.folder.exists()


def test_a_new_pod_of_the_master_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def script(cluster: FakeCluster, step: int) -> None:
        usual()(cluster, min(step, 2))
        if step > 3:
            new = pod("n", MASTER, RUNNING if step < 6 else ended(0), made="2026-01-01T00:01:00Z")
            cluster.replace(pod("m", MASTER, ended(137)), new, pod("a", AGENT, ended(0)))

    trial = Trial(tmp_path, script)
    assert trial.run.run(OBJECTS) == 0
    assert "the master's pod m is gone; n runs the plan again" in capsys.readouterr().err


def test_a_run_of_the_same_name_is_refused_while_it_goes_on_and_replaced_after(tmp_path: Path) -> None:
    trial = Trial(tmp_path, usual())
    trial.cluster.objects = [OBJECTS[0], job(MASTER)]
    with pytest.raises(ClusterError, match="a run called trial goes on in the namespace load") as refusal:
        trial.run.run(OBJECTS)
    assert "`gradual kubernetes stop trial --namespace load`" in str(refusal.value)
    assert len(trial.cluster.objects) == 2
    trial.cluster.objects = [OBJECTS[0], job(MASTER, "Complete")]
    assert trial.run.run(OBJECTS) == 0


@pytest.mark.parametrize("since", [1, 4], ids=["launch", "run"])
def test_the_verdict_of_another_launch_of_the_same_name_is_not_taken(tmp_path: Path, since: int) -> None:
    """Two launches at once: the second took the first, which had no Job yet, for what an interrupted launch left."""

    def script(cluster: FakeCluster, step: int) -> None:
        usual()(cluster, min(step, 2))
        if step == since:
            other = {"kind": "ConfigMap", "metadata": {"name": "trial-ConfigMap", "uid": "other"}}
            theirs = job(MASTER)
            theirs["metadata"]["ownerReferences"] = [{"uid": "other"}]
            cluster.objects = [other, theirs, pod("m", MASTER, ended(0))]

    trial = Trial(tmp_path, script)
    with pytest.raises(ClusterError, match="another launch has taken the name trial in the namespace load"):
        trial.run.run(OBJECTS)
    assert len(trial.cluster.objects) == 3, "the other run is left alone"
    assert not trial.folder.exists()


def test_a_run_that_begins_when_this_one_has_ended_is_not_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = Trial(tmp_path, usual())
    fetch = trial.cluster.execute

    def execute(name: str, container: str, command: Sequence[str]) -> bytes:
        trial.cluster.objects = [{"kind": "ConfigMap", "metadata": {"name": "trial-ConfigMap", "uid": "other"}}]
        return fetch(name, container, command)

    trial.cluster.execute = execute  # type: ignore[method-assign]
    assert trial.run.run(OBJECTS) == 0
    assert len(trial.cluster.objects) == 1
    assert "its run is left alone" in capsys.readouterr().err


def test_an_exit_code_may_be_another_but_not_for_a_run_that_was_given_up(tmp_path: Path) -> None:
    assert Trial(tmp_path, usual(1), exit_codes={1: 99}).run.run(OBJECTS) == 99
    trial = Trial(tmp_path, lambda cluster, _: trial.interrupts.note(signal.SIGINT), exit_codes={130: 99})
    assert trial.run.run(OBJECTS) == 130


@pytest.mark.parametrize("silent", [10, 100])
def test_an_api_server_may_be_silent_for_a_while_during_the_run(tmp_path: Path, silent: int) -> None:
    def script(cluster: FakeCluster, step: int) -> None:
        usual()(cluster, min(step, 2) if step < 4 + silent else 3)
        if 4 <= step < 4 + silent:
            raise ClusterError("the API server does not answer")

    trial = Trial(tmp_path, script)
    if silent < running.PATIENCE_S:
        assert trial.run.run(OBJECTS) == 0
    else:
        with pytest.raises(ClusterError, match="does not answer"):
            trial.run.run(OBJECTS)


def test_a_failure_and_what_could_not_be_removed_are_both_said(tmp_path: Path) -> None:
    trial = Trial(tmp_path, lambda cluster, _: cluster.replace(pod("m", MASTER, waiting("InvalidImageName"))))
    trial.cluster.refused["delete ConfigMap"] = ClusterError("no answer")
    with pytest.raises(ClusterError, match=r"InvalidImageName.*; and the run trial could not be removed"):
        trial.run.run(OBJECTS)


def test_what_nobody_foresaw_removes_the_run_too(tmp_path: Path) -> None:
    def script(cluster: FakeCluster, step: int) -> None:
        raise RuntimeError("a bug")

    trial = Trial(tmp_path, script)
    with pytest.raises(RuntimeError, match="a bug"):
        trial.run.run(OBJECTS)
    assert trial.cluster.objects == []


@pytest.mark.parametrize("what", ["delete ConfigMap", "list NetworkPolicy"])
def test_what_cannot_be_removed_comes_with_the_command_that_does_it(tmp_path: Path, what: str) -> None:
    trial = Trial(tmp_path, usual())
    trial.cluster.refused[what] = ClusterError("the API server does not answer")
    with pytest.raises(ClusterError) as caught:
        trial.run.run(OBJECTS)
    assert "the API server does not answer. To do it:\n  kubectl --namespace load delete configmap," in str(
        caught.value
    )


@pytest.mark.parametrize("refusal", [b"", ClusterError("the container has just ended")])
def test_a_sidecar_that_waits_is_released_before_it_can_be_gone(tmp_path: Path, refusal: bytes | ClusterError) -> None:
    trial = Trial(tmp_path, usual())
    trial.cluster.outputs["touch"] = refusal
    waiting_pod = pod("m", MASTER, RUNNING)
    waiting_pod["status"]["initContainerStatuses"] = [{"name": "reports", "state": RUNNING}]
    trial.cluster.objects = [waiting_pod]
    listed = trial.cluster.of_run

    def of_run(kind: str, name: str) -> list[dict[str, Any]]:
        if "touch in reports" in trial.cluster.done:
            trial.cluster.objects = []
        return listed(kind, name)

    trial.cluster.of_run = of_run  # type: ignore[method-assign]
    run_objects.remove(trial.cluster, "trial")  # type: ignore[arg-type]
    assert trial.cluster.done == ["delete Pod m", "touch in reports"]


def test_what_is_not_gone_after_a_while_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_objects, "REMOVAL_S", -1)
    trial = Trial(tmp_path, usual())
    trial.cluster.delete = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(ClusterError, match="there are still ConfigMap trial-ConfigMap, Secret trial-Secret, Pod m"):
        trial.run.run(OBJECTS)


def test_what_a_user_may_not_do_is_named() -> None:
    cluster = FakeCluster()
    cluster.refused["secrets"] = ClusterError("")
    with pytest.raises(ClusterError, match=r"in the namespace load: create secrets, list secrets; the Role"):
        run_objects.check_permissions(cluster)  # type: ignore[arg-type]


def test_signals_are_noted_within_the_block_only() -> None:
    former = signal.getsignal(signal.SIGTERM)
    with noted_interrupts() as interrupts:
        interrupts.check()
        signal.raise_signal(signal.SIGTERM)
        assert (interrupts.count, interrupts.code) == (1, 143)
        with pytest.raises(ClusterError, match="stopped by SIGTERM"):
            interrupts.check()
    assert signal.getsignal(signal.SIGTERM) is former
