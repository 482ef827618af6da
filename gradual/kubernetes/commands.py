"""What `gradual kubernetes run`, `logs` and `stop` do."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import Cluster, connect
from gradual.kubernetes.cluster.diagnosis import AGENT, MASTER, Snapshot, master_end, master_pod
from gradual.kubernetes.cluster.log_lines import LogFollower, show
from gradual.kubernetes.cluster.reports import check_folder
from gradual.kubernetes.cluster.run_objects import check_permissions, remove
from gradual.kubernetes.interrupts import noted_interrupts
from gradual.kubernetes.objects import check_name
from gradual.kubernetes.options import LaunchArguments
from gradual.kubernetes.rendering import prepare
from gradual.kubernetes.running import POLL_S, STOP, ClusterRun, WatchOptions, say
from gradual_common.errors import GradualError
from gradual_common.process.exit_codes import of_lost_results
from gradual_master.command_line.options import duration_option, exit_code_changes
from gradual_master.store.location import StoreLocation, locate_store

Where = tuple[Path | None, str | None, str | None]
"""Kubeconfig, context, namespace."""

SUMMARY: Final = "summary.json"
COLLECTED_S: Final = 90
"""How long `stop` waits until a caller has fetched the reports; the pod keeps them for a minute."""


def run_in_cluster(arguments: LaunchArguments) -> int:
    """Run a plan; the exit code."""
    prepared = prepare(arguments, "run")
    options = WatchOptions(
        agents=arguments.agents,
        launch_timeout_s=duration_option(arguments.launch_timeout, "--launch-timeout") / 1e9,
        folder=arguments.report_folder,
        keeps=arguments.keep,
        exit_codes=exit_code_changes(arguments.exit_code),
    )
    check_folder(options.folder)
    store = locate_store(arguments.store, os.environ, by_default=False)
    cluster = connect(arguments.kubeconfig, arguments.context, arguments.namespace)
    check_permissions(cluster)
    with noted_interrupts() as interrupts:
        run = ClusterRun(cluster, prepared.shape.name, options, interrupts)
        code = run.run(prepared.objects(cluster.namespace))
    return code if store is None else keep_run(store, run.reports, code)


def keep_run(store: StoreLocation, reports: Sequence[Path], code: int) -> int:
    """Put the run into the caller's store; the exit code, which says so if that was not possible."""
    from gradual_master.store.importing import import_file  # noqa: PLC0415 - the database library, only where it is used

    summary = next((file for file in reports if file.name == SUMMARY), None)
    if summary is None:
        return code  # the reports did not arrive, which was said
    try:
        import_file(store.path, summary)
    except GradualError as error:
        say(f"the run is not stored: {error}")
        return of_lost_results(code)
    return code


def show_logs(name: str, where: Where, *, agents: bool, follow: bool) -> None:
    """Print the log of the master, or of each agent."""
    check_name(name, "NAME")
    cluster = connect(*where)
    snapshot = _existing(cluster, name)
    if agents:
        for agent in (entry["metadata"]["name"] for entry in snapshot.pods_of(AGENT)):
            show(f"--- {agent}\n".encode())
            for piece in cluster.log(agent, AGENT):
                show(piece)
        return
    pod = master_pod(snapshot)
    if pod is None:
        raise ClusterError(f"the master of {name} has not started; `kubectl describe pods` says why")
    for piece in cluster.log(pod, MASTER, follow=follow):
        show(piece)


def stop_run(name: str, where: Where) -> None:
    """Stop the master, wait for its reports to be fetched, and remove everything."""
    check_name(name, "NAME")
    cluster = connect(*where)
    snapshot = _existing(cluster, name)
    pod = master_pod(snapshot)
    if pod is not None and master_end(snapshot) is None:
        say(f"stopping the master of {name}")
        LogFollower(cluster, MASTER).follow(pod)
        _stop_master(cluster, name, pod)
        _await_collection(cluster, name)
    remove(cluster, name)
    say(f"nothing of {name} is left in the namespace {cluster.namespace}")


def _stop_master(cluster: Cluster, name: str, pod: str) -> None:
    """Ask a master to stop; it may have ended a moment ago."""
    try:
        cluster.execute(pod, MASTER, STOP)
    except ClusterError:
        snapshot = _look(cluster, name)
        if master_pod(snapshot) == pod and master_end(snapshot) is None:
            raise


def _look(cluster: Cluster, name: str) -> Snapshot:
    return Snapshot(cluster.of_run("Pod", name), cluster.of_run("Job", name))


def _existing(cluster: Cluster, name: str) -> Snapshot:
    snapshot = _look(cluster, name)
    if not snapshot.pods and not snapshot.jobs and not cluster.of_run("ConfigMap", name):
        raise ClusterError(f"there is no run called {name} in the namespace {cluster.namespace}")
    return snapshot


def _await_collection(cluster: Cluster, name: str) -> None:
    """Until the master's pod has ended, or is gone."""
    limit = time.monotonic() + COLLECTED_S
    while time.monotonic() < limit:
        pods = Snapshot(cluster.of_run("Pod", name), ()).pods_of(MASTER)
        if all(pod["status"].get("phase") in ("Succeeded", "Failed") for pod in pods):
            return
        time.sleep(POLL_S)
