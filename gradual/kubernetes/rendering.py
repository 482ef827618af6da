"""`gradual kubernetes render`: the plan is read and checked here, and the objects of its run are printed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from gradual.agents.remote_code import complaint_of
from gradual.errors import ClusterInputError
from gradual.kubernetes.bundle import Bundle, grace_of, make_bundle
from gradual.kubernetes.cluster.client import DEFAULT_NAMESPACE
from gradual.kubernetes.fleet_secret import make_fleet_secret
from gradual.kubernetes.objects import KubernetesObject, RunShape, name_of_run, objects_of, render
from gradual.kubernetes.options import ClusterArguments, RenderArguments
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_master.command_line.options import RunArguments, name_of_plan, overrides_of, run_options_of, source_of


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A plan that was checked, and how its run looks in a cluster."""

    shape: RunShape
    bundle: Bundle

    def objects(self, namespace: str | None) -> list[KubernetesObject]:
        """All objects, with a new token and new certificates for this namespace, or with placeholders for None."""
        secret = None if namespace is None else make_fleet_secret(self.shape.name, namespace, datetime.now(UTC))
        return objects_of(self.shape, self.bundle, secret)


def print_objects(arguments: RenderArguments) -> None:
    """Print the objects; PlanError or ClusterInputError before anything is printed."""
    prepared = prepare(arguments, "render")
    namespace = arguments.namespace or DEFAULT_NAMESPACE
    typer.echo(render(prepared.objects(namespace if arguments.with_secrets else None)), nl=False)


def prepare(arguments: ClusterArguments, command: str) -> PreparedRun:
    """Read and check the plan and the options."""
    refuse_local_options(arguments, command)
    run_options_of(arguments)  # its errors should come now, and not from the pod
    bundle, loaded = read_bundle(arguments)
    check_code(loaded, arguments)
    shape = RunShape(
        name=arguments.name if arguments.name is not None else name_of_run(loaded.plan.config.name or "run"),
        agents=arguments.agents,
        grace_s=grace_of(loaded),
        namespace=arguments.namespace,
        image=arguments.image,
        agent_image=arguments.agent_image,
        pull_policy=arguments.image_pull_policy,
        cpu=arguments.cpu,
        memory=arguments.memory,
        allow_code=tuple(arguments.allow_code),
    )
    return PreparedRun(shape, bundle)


def check_code(loaded: LoadedPlan, arguments: ClusterArguments) -> None:
    """ClusterInputError if the plan runs code that no agent will find, which it would say in the cluster."""
    how = "build an image of the agents that has it (--agent-image)"
    complaint = complaint_of(loaded.plan, arguments.allow_code, where="in the agents' image", how=how)
    if complaint is not None:
        raise ClusterInputError(complaint)


def read_bundle(arguments: RunArguments) -> tuple[Bundle, LoadedPlan]:
    """The plan, checked with its changes, and all that it needs."""
    source = source_of(name_of_plan(arguments))
    loaded = load_plan(source, overrides_of(arguments), os.environ)
    return make_bundle(text_of(source), loaded, arguments), loaded


def text_of(source: PlanSource) -> bytes:
    """The plan as it is written; JSON, which is YAML too, if it was made from a URL."""
    text = source.text if source.text is not None else json.dumps(dict(source.mapping), ensure_ascii=False)
    return text.encode()


def refuse_local_options(arguments: RunArguments, command: str) -> None:
    """ClusterInputError for what only a run on this machine can do."""
    given = {
        "--monitor": arguments.monitor,
        "--json": arguments.json_,
        "-o/--reporter": bool(arguments.reporter),
        "--exit-code": bool(arguments.exit_code) and command == "render",
        "--baseline": bool(arguments.baseline),
        "--store": arguments.store is not None and command == "render",
    }
    for option, is_given in given.items():
        if is_given:
            raise ClusterInputError(
                f"{option} cannot be used with {command}: the master's pod writes summary.json, report.html and "
                f"junit.xml into /report, and its exit code is the verdict's"
            )
