"""`gradual kubernetes run`: a run in a cluster, from the plan on this disk to the reports on this disk.

The plan is checked here. Then the objects are made, and the run is watched: until all pods have started, what keeps
them from starting ends it; then the master's log is shown until the master ends. Its reports are fetched, and nothing
stays behind. The first Ctrl-C or SIGTERM during the run stops the master, which reports; the second removes the run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import Cluster
from gradual.kubernetes.cluster.diagnosis import (
    MASTER,
    LaunchProblem,
    MasterEnd,
    Snapshot,
    agents_have_ended,
    find_problem,
    master_end,
    master_is_ready,
    master_pod,
    started_agents,
)
from gradual.kubernetes.cluster.log_lines import LogFollower
from gradual.kubernetes.cluster.reports import fetch_reports
from gradual.kubernetes.cluster.run_objects import make_owned, make_room, removal, remove
from gradual.kubernetes.interrupts import Interrupts, StoppedError
from gradual.kubernetes.objects import KubernetesObject
from gradual_common.errors import GradualError
from gradual_common.process.exit_codes import of_lost_results

POLL_S: Final = 1.0
SHOWN_LINES: Final = 10
"""Of the log of a pod that ended too early."""

AGENTS_S: Final = 30
"""How long agents may take to end when the master has ended."""

PATIENCE_S: Final = 60
"""How long the API server may not answer during the run."""

STOP: Final = ("sh", "-c", "kill -INT 1")


def say(text: str) -> None:
    """Tell the caller; standard output is for the master's log."""
    print(f"gradual: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the command's own voice


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How a run is watched."""

    agents: int
    launch_timeout_s: float
    folder: Path
    """Where the reports go."""
    keeps: bool = False
    """Whether the objects stay in the cluster."""
    exit_codes: Mapping[int, int] = field(default_factory=dict)
    """Other exit codes for runs that were reported."""


class ReplacedError(ClusterError):
    """The name of the run belongs to another launch now."""


class ClusterRun:
    """One run in a cluster."""

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        options: WatchOptions,
        interrupts: Interrupts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._name = name
        self._options = options
        self._interrupts = interrupts
        self._clock = clock
        self._log = LogFollower(cluster, MASTER)
        self._told = ""
        self.reports: list[Path] = []
        """The files that were brought."""
        self._uid: str | None = None
        """Of the object that owns all others of this launch."""

    def run(self, objects: list[KubernetesObject]) -> int:
        """Make the objects, watch, fetch the reports and clean up; the exit code of the master."""
        make_room(self._cluster, self._name)
        # Not within `try`: if it is there, somebody else has just begun a run of this name, which is not removed.
        owner = self._cluster.create(objects[0])
        self._uid = owner["metadata"]["uid"]
        try:
            return self._conduct(owner, objects[1:])
        finally:
            self._log.stop()

    def _conduct(self, owner: KubernetesObject, objects: list[KubernetesObject]) -> int:
        try:
            make_owned(self._cluster, owner, objects, self._interrupts.check)
            end = self._launch() or self._watch()
        except StoppedError:
            self._give_up()
            return self._interrupts.code
        except GradualError as error:
            self._give_up(f"{error}; and ")
            raise
        except BaseException:
            self._give_up()
            raise
        self._log.follow(end.pod)
        self._log.finish()
        has_reports = self._fetch(end)
        self._await_agents()
        if self._options.keeps or not has_reports:
            say(f"the objects stay in the cluster. To remove them:\n  {removal(self._cluster, self._name)}")
        else:
            self._remove()
        code = self._options.exit_codes.get(end.code, end.code)
        return code if has_reports else of_lost_results(code)

    def _give_up(self, reason: str = "") -> None:
        say(f"removing the run {self._name} from the namespace {self._cluster.namespace}")
        try:
            self._remove()
        except ClusterError as error:
            raise ClusterError(f"{reason}{error}") from error

    def _remove(self) -> None:
        """Remove the run, but not one that has taken its name since."""
        if all(owner["metadata"]["uid"] == self._uid for owner in self._cluster.of_run("ConfigMap", self._name)):
            remove(self._cluster, self._name)
        else:
            say(f"another launch has taken the name {self._name}: its run is left alone")

    def _snapshot(self) -> Snapshot:
        """What the cluster shows; ReplacedError rather than the pods and the verdict of another launch."""
        cluster, name = self._cluster, self._name
        pods = cluster.of_run("Pod", name)
        jobs = cluster.of_run("Job", name)  # after the pods: where there is a pod, its Job is seen
        owners = (owner["uid"] for entry in jobs for owner in entry["metadata"].get("ownerReferences", ()))
        if any(uid != self._uid for uid in owners):
            raise ReplacedError(
                f"another launch has taken the name {name} in the namespace {cluster.namespace}, and this run is gone: "
                f"give each its own --name"
            )
        return Snapshot(pods, jobs, cluster.events())

    def _launch(self) -> MasterEnd | None:
        """Wait until every pod has started; the end of a master that ended before."""
        limit = self._clock() + self._options.launch_timeout_s
        while True:
            self._interrupts.check()
            snapshot = self._snapshot()
            self._show_log(snapshot)
            if (end := master_end(snapshot)) is not None:
                return end
            started = started_agents(snapshot)
            self._tell(
                f"master {'ready' if master_is_ready(snapshot) else 'starting'}, {started} of"
                f" {self._options.agents} agents started"
            )
            if started >= self._options.agents and master_is_ready(snapshot):
                return None
            finding = find_problem(snapshot)
            if finding is not None and finding.is_final:
                raise ClusterError(self._explained(finding))
            if self._clock() > limit:
                reason = "its pods did not start in time" if finding is None else self._explained(finding)
                raise ClusterError(f"after {self._options.launch_timeout_s:g} s (--launch-timeout): {reason}")
            self._interrupts.pause(POLL_S)

    def _watch(self) -> MasterEnd:
        """Show the log until the master has ended."""
        asked, answered = 0, self._clock()
        while True:
            try:
                snapshot = self._snapshot()
                end = master_end(snapshot)
                asked = asked if end else self._heed(snapshot, asked)
                answered = self._clock()
            except (StoppedError, ReplacedError):
                raise
            except ClusterError:
                # The run does not need the API server, and this command only later. A master that has ended since this
                # look cannot be asked to stop: the next look shows its end.
                if self._clock() - answered > PATIENCE_S or self._interrupts.count > 1:
                    raise
                self._interrupts.pause(POLL_S)
                continue
            self._show_log(snapshot)
            if end is not None:
                return end
            self._interrupts.pause(POLL_S)

    def _heed(self, snapshot: Snapshot, asked: int) -> int:
        """Stop the master after the first signal, and the run after the second; how many signals were heeded."""
        count = self._interrupts.count
        if count > 1:
            raise StoppedError("stopped twice")
        if count > asked:
            self._tell("stopping the run; once more to remove it without its reports")
            self._stop(snapshot)
        return count

    def _stop(self, snapshot: Snapshot) -> None:
        pod = master_pod(snapshot)
        if pod is None:
            raise StoppedError("stopped before the master ran")
        self._cluster.execute(pod, MASTER, STOP)

    def _show_log(self, snapshot: Snapshot) -> None:
        pod = master_pod(snapshot)
        if pod is None:
            return
        if self._log.pod not in (None, pod):
            say(f"the master's pod {self._log.pod} is gone; {pod} runs the plan again")
        self._log.follow(pod)

    def _fetch(self, end: MasterEnd) -> bool:
        """Bring the reports; whether that could be done."""
        try:
            self.reports = fetch_reports(self._cluster, end.pod, self._options.folder)
        except ClusterError as error:
            command = (
                f"kubectl --namespace {self._cluster.namespace} exec {end.pod} -c reports -- tar -C /report -cf - ."
            )
            say(f"{error}. The pod keeps the reports for a minute:\n  {command} > reports.tar")
            return False
        say(f"reports in {self._options.folder}: {', '.join(file.name for file in self.reports) or 'none'}")
        return True

    def _await_agents(self) -> None:
        """Let agents end by themselves: they have delivered everything."""
        limit = self._clock() + AGENTS_S
        while not agents_have_ended(Snapshot(self._cluster.of_run("Pod", self._name), ())) and self._clock() < limit:
            if self._interrupts.count > 1:
                return
            time.sleep(POLL_S)

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            say(text)

    def _explained(self, finding: LaunchProblem) -> str:
        """What was found, with the last lines of the log that says more."""
        if finding.pod is None:
            return finding.text
        try:
            tail = b"".join(self._cluster.log(finding.pod, finding.component, tail=SHOWN_LINES))
        except ClusterError as error:
            return f"{finding.text}; its log cannot be read: {error}"
        return f"{finding.text}; the end of its log:\n{tail.decode(errors='replace').rstrip()}"
