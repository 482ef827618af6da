"""The options of `gradual kubernetes`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from gradual_master.command_line.options import RunArguments

Kubeconfig = Annotated[Path | None, typer.Option(metavar="FILE", help="the cluster  [default: that of kubectl]")]
Context = Annotated[str | None, typer.Option(metavar="NAME", help="a context of it")]
Namespace = Annotated[str | None, typer.Option(metavar="NAME", help="where all objects are  [default: the context's]")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterArguments(RunArguments):
    """How a plan is run in a cluster."""

    agents: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="how many pods with agents")] = 1
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="what the run and its objects are called  [default: the plan]")
    ] = None
    namespace: Namespace = None
    image: Annotated[str | None, typer.Option(metavar="IMAGE", help="of the master, and of agents")] = None
    agent_image: Annotated[str | None, typer.Option(metavar="IMAGE", help="of agents, if it is another")] = None
    allow_code: Annotated[
        list[str],
        typer.Option(metavar="PATH|MODULE", help="Python code in the agents' image that the plan may run; repeatable"),
    ] = field(default_factory=list)
    image_pull_policy: Annotated[Literal["Always", "IfNotPresent", "Never"] | None, typer.Option()] = None
    cpu: Annotated[str | None, typer.Option(metavar="CPU", help="of an agent's pod: one process per whole core")] = None
    memory: Annotated[str | None, typer.Option(metavar="SIZE", help="of an agent's pod: 1Gi")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderArguments(ClusterArguments):
    """What is printed."""

    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="make token and certificates, and print them with the plan's secrets")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchArguments(ClusterArguments):
    """Which cluster, and what happens there and here."""

    kubeconfig: Kubeconfig = None
    context: Context = None
    report_folder: Annotated[
        Path, typer.Option(metavar="DIR", help="where summary.json, report.html and junit.xml go")
    ] = Path("report")
    launch_timeout: Annotated[str, typer.Option(metavar="D", help="how long the pods may take to start")] = "5m"
    keep: Annotated[bool, typer.Option("--keep", help="leave the objects in the cluster when the run is over")] = False
