"""`gradual kubernetes render`: the plan is read and checked here, and the objects of its run are printed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from gradual.errors import ClusterInputError
from gradual.kubernetes.bundle import Bundle, grace_of, make_bundle
from gradual.kubernetes.fleet_secret import make_fleet_secret
from gradual.kubernetes.objects import RunShape, name_of_run, objects_of, render
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_master.command_line.options import RunArguments, name_of_plan, overrides_of, run_options_of, source_of

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What the command line says about the cluster."""

    agents: int
    name: str | None = None
    namespace: str | None = None
    image: str | None = None
    agent_image: str | None = None
    pull_policy: str | None = None
    cpu: str | None = None
    memory: str | None = None
    with_secrets: bool = False


def print_objects(arguments: RunArguments, options: RenderOptions) -> None:
    """Print the objects; PlanError or ClusterInputError before anything is printed."""
    typer.echo(render_run(arguments, options, datetime.now(UTC)), nl=False)


def render_run(arguments: RunArguments, options: RenderOptions, now: datetime) -> str:
    """The objects as YAML."""
    _refuse_local_options(arguments)
    run_options_of(arguments)  # its errors should come now, and not from the pod
    bundle, loaded = read_bundle(arguments)
    shape = RunShape(
        name=options.name if options.name is not None else name_of_run(loaded.plan.config.name or "run"),
        agents=options.agents,
        grace_s=grace_of(loaded),
        namespace=options.namespace,
        image=options.image,
        agent_image=options.agent_image,
        pull_policy=options.pull_policy,
        cpu=options.cpu,
        memory=options.memory,
    )
    namespace = options.namespace or DEFAULT_NAMESPACE
    secret = make_fleet_secret(shape.name, namespace, now) if options.with_secrets else None
    return render(objects_of(shape, bundle, secret))


def read_bundle(arguments: RunArguments) -> tuple[Bundle, LoadedPlan]:
    """The plan, checked with its changes, and all that it needs."""
    source = source_of(name_of_plan(arguments))
    loaded = load_plan(source, overrides_of(arguments), os.environ)
    return make_bundle(text_of(source), loaded, arguments), loaded


def text_of(source: PlanSource) -> bytes:
    """The plan as it is written; JSON, which is YAML too, if it was made from a URL."""
    text = source.text if source.text is not None else json.dumps(dict(source.mapping), ensure_ascii=False)
    return text.encode()


def _refuse_local_options(arguments: RunArguments) -> None:
    given = {
        "--monitor": arguments.monitor,
        "--json": arguments.json_,
        "-o/--reporter": bool(arguments.reporter),
        "--exit-code": bool(arguments.exit_code),
    }
    for option, is_given in given.items():
        if is_given:
            raise ClusterInputError(
                f"{option} cannot be used with render: the master's pod writes summary.json, report.html and "
                f"junit.xml into /report, and its exit code is the verdict's"
            )
