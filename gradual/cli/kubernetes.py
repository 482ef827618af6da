"""The commands of `gradual kubernetes`."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from typing import Annotated

import typer

from gradual.kubernetes.options import Context, Kubeconfig, LaunchArguments, Namespace, RenderArguments
from gradual_master.command_line.options import spread

kubernetes = typer.Typer(help="Run a plan in a Kubernetes cluster.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="what the run is called")]


@kubernetes.command()
@spread
def run(arguments: LaunchArguments) -> None:
    """Run a plan in a cluster: one pod with the master, and --agents pods with agents.

    The plan is checked here first. Token and certificates are made for this run. The master's log is shown, the reports
    are brought to DIR, and nothing stays in the cluster. Exit codes: 0 passed, 1 an objective failed, 2 plan or command
    line wrong, 3 not done or invalid, 130 interrupted, 143 terminated.
    """
    from gradual.kubernetes.commands import run_in_cluster

    raise typer.Exit(run_in_cluster(arguments))


@kubernetes.command()
@spread
def render(arguments: RenderArguments) -> None:
    """Print the objects of a run as YAML.

    Without --with-secrets the values of the Secret are placeholders. With it the output can be applied as it is:
    `gradual kubernetes render PLAN --agents 3 --with-secrets | kubectl apply -f -`.
    """
    from gradual.kubernetes.rendering import print_objects

    print_objects(arguments)


@kubernetes.command()
def logs(
    name: Name,
    *,
    agents: Annotated[bool, typer.Option("--agents", help="of the agents, not of the master")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until the master ends")] = False,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show the log of a run's master, or of its agents."""
    from gradual.kubernetes.commands import show_logs

    show_logs(name, (kubeconfig, context, namespace), agents=agents, follow=follow)


@kubernetes.command()
def stop(name: Name, *, namespace: Namespace = None, kubeconfig: Kubeconfig = None, context: Context = None) -> None:
    """End a run: its master stops the load and reports; then everything of it is removed.

    A `gradual kubernetes run` that watches the run brings the reports to its caller as usual.
    """
    from gradual.kubernetes.commands import stop_run

    stop_run(name, (kubeconfig, context, namespace))
