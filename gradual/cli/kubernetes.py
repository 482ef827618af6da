"""The commands of `gradual kubernetes`."""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

from typing import Annotated, Literal

import typer

from gradual_master.command_line.options import RunArguments, spread

kubernetes = typer.Typer(help="Run a plan in a Kubernetes cluster.", no_args_is_help=True)


@kubernetes.callback()
def group() -> None:
    """Run a plan in a Kubernetes cluster."""


@kubernetes.command()
@spread
def render(
    arguments: RunArguments,
    *,
    agents: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="how many pods with agents")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="what the run and its objects are called  [default: the plan]")
    ] = None,
    namespace: Annotated[str | None, typer.Option(metavar="NAME", help="the namespace of all objects")] = None,
    image: Annotated[str | None, typer.Option(metavar="IMAGE", help="of the master, and of agents")] = None,
    agent_image: Annotated[str | None, typer.Option(metavar="IMAGE", help="of agents, if it is another")] = None,
    image_pull_policy: Annotated[Literal["Always", "IfNotPresent", "Never"] | None, typer.Option()] = None,
    cpu: Annotated[
        str | None, typer.Option(metavar="CPU", help="of an agent's pod: one process per whole core")
    ] = None,
    memory: Annotated[str | None, typer.Option(metavar="SIZE", help="of an agent's pod: 1Gi")] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="make token and certificates, and print them with the plan's secrets")
    ] = False,
) -> None:
    """Print the objects of a run as YAML.

    Without --with-secrets the values of the Secret are placeholders. With it the output can be applied as it is:
    `gradual kubernetes render PLAN --agents 3 --with-secrets | kubectl apply -f -`.
    """
    from gradual.kubernetes.rendering import RenderOptions, print_objects

    options = RenderOptions(
        agents=agents,
        name=name,
        namespace=namespace,
        image=image,
        agent_image=agent_image,
        pull_policy=image_pull_policy,
        cpu=cpu,
        memory=memory,
        with_secrets=with_secrets,
    )
    print_objects(arguments, options)
