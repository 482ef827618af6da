"""From a plan file to everything that a run needs: the plan, the job for the agents, the data.

Read → include other files → merge the profile → replace (`--set` and other options) → put variables in → scale (`-u`) →
put schemas in → validate and check → read data, TLS files, uploads and secrets → try the TLS files. Every step reports
into the document and the next goes on: all mistakes are found in one go.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from gradual_common.errors import PlanError, Problem
from gradual_common.kinds.http.auth.oauth2 import name_token_metrics
from gradual_common.kinds.http.event_streams import put_metrics_in
from gradual_common.kinds.http.request_checks import headers_of_the_engine, uses_base_url
from gradual_common.language.document import Document, Path, list_at
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import nearest
from gradual_common.plan.checks.data import load_data
from gradual_common.plan.checks.flow import unreachable_steps
from gradual_common.plan.checks.names import check_plan
from gradual_common.plan.checks.shape import shape_problems
from gradual_common.plan.checks.tls import check_tls
from gradual_common.plan.checks.unsupported import unsupported_parts
from gradual_common.plan.confidential import plan_for_display
from gradual_common.plan.data.data_files import DataTable
from gradual_common.plan.data.supplies import Supply
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.reading.asset_files import read_assets
from gradual_common.plan.reading.environment import Variables, read_secrets, substitute_variables
from gradual_common.plan.reading.includes import Includes
from gradual_common.plan.reading.operations import put_documents_in, put_operations_in
from gradual_common.plan.reading.overrides import Overrides, apply_replacements, scale_users
from gradual_common.plan.reading.plan_files import PlanFiles
from gradual_common.plan.reading.profiles import Profiles, apply_profile, take_profiles, with_profile
from gradual_common.plan.reading.regular_files import TooLargeError, is_given, read_regular
from gradual_common.plan.reading.schema_files import put_schemas_in
from gradual_common.plan.reading.yaml import read_document
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.plan.signing_keys import check_signing_keys, mask_literal_keys
from gradual_common.protocol.job import Job
from gradual_common.schedule.schedule import Schedule
from gradual_common.secrecy.masking import Mask

MAX_PLAN_BYTES = 8 * 1024 * 1024
"""Bytes. A plan is written by hand; a larger file is not a plan."""

PLAN_KEYS = frozenset({"config", "users", "actions"})
"""A mapping that has none of them is something else, of which nothing but its first key is shown."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")

NO_OVERRIDES = Overrides()


@dataclass(frozen=True, slots=True)
class PlanSource:
    """A plan before it is read: YAML text, or a mapping of plain values; its relative paths start from `folder`."""

    name: str = "plan"
    folder: FilePath = FilePath()
    text: str | None = None
    mapping: Mapping[str, Any] = field(default_factory=dict)
    is_file: bool = False

    @property
    def folder_of_code(self) -> FilePath | None:
        """The folder whose Python code the plan may run on this machine; None for a plan that is no file."""
        return self.folder.resolve() if self.is_file else None

    @classmethod
    def of_path(cls, path: FilePath, *, may_be_given: bool = True) -> PlanSource:
        """A plan file, or what the shell has opened (`may_be_given`); PlanError if it cannot be read."""
        try:
            content = read_regular(path, MAX_PLAN_BYTES, may_be_given=may_be_given)
        except OSError as error:
            raise _unreadable(str(path), f"cannot read the plan: {error.strerror or error}") from error
        except TooLargeError as error:
            raise _unreadable(str(path), str(error)) from error
        if is_given(path):
            return cls.of_bytes(content, str(path))
        return replace(cls.of_bytes(content, str(path), path.parent), is_file=True)

    @classmethod
    def of_bytes(cls, content: bytes, name: str, folder: FilePath = FilePath()) -> PlanSource:
        """A plan as the content of a file; PlanError if it is not UTF-8 text, or too large for a plan."""
        if len(content) > MAX_PLAN_BYTES:
            raise _unreadable(name, str(TooLargeError(MAX_PLAN_BYTES)))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            hint = "it is UTF-16: save it as UTF-8" if content.startswith(UTF_16) else "save it as UTF-8"
            line = content.count(b"\n", 0, error.start) + 1
            raise _unreadable(name, "the plan is not UTF-8 text", line, hint) from error
        return cls(name, folder, text)

    def read(self) -> Document:
        """The document, with the mistakes of its syntax."""
        if self.text is not None:
            document = read_document(self.text, self.name)
        else:
            try:
                root = json.loads(json.dumps(self.mapping, allow_nan=False))
            except (TypeError, ValueError, RecursionError) as error:
                raise _unreadable(self.name, f"a plan holds plain values only: {error}") from error
            document = Document({key: value for key, value in root.items() if not key.startswith("x-")}, self.name)
        if document.root and not PLAN_KEYS & document.root.keys():
            first = next(iter(document.root))
            message = f"this is not a plan: it has no config, users or actions; its first key is {first!r}"
            raise _unreadable(self.name, message, document.mark((first,)).line, nearest(first, sorted(PLAN_KEYS)))
        return document


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan that can run."""

    plan: Plan
    display_plan: Plan
    """The plan as reports name its parts: its names hold no credentials."""
    schedule: Schedule
    """Of `display_plan`."""
    job: Job
    data: dict[tuple[int, str], DataTable]
    """By group number and name of the set."""
    sha256: str
    """Of the plan as it runs."""
    name: str
    folder: FilePath
    warnings: tuple[Problem, ...] = ()
    threshold_lines: tuple[int | None, ...] = ()
    """The line of each threshold in the plan file; None for one that is not written there."""
    files: Mapping[Path, FilePath] = field(default_factory=dict)
    """Every file that was read for the plan, by the path in the plan that names it."""
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The variables that the plan reads, with their values, which may be secret."""
    includes: tuple[FilePath, ...] = ()
    """The files that it includes."""
    profile: str | None = None
    """The profile that was merged into it."""
    supplies: Mapping[tuple[int, str], Supply] = field(default_factory=dict)
    """The rows of data sets with `per: iteration`, by group number and name of the set."""


def load_plan(
    source: PlanSource, overrides: Overrides = NO_OVERRIDES, environ: Mapping[str, str] | None = None
) -> LoadedPlan:
    """Load a plan; PlanError with every mistake in it."""
    variables = Variables({**(environ or {}), **overrides.env})
    document = source.read()
    if document.problems and not document.root:
        raise PlanError(document.problems)
    includes = Includes(document, lambda file: PlanSource.of_path(file, may_be_given=False).text or "")
    includes.merge(source.folder / FilePath(source.name).name)
    profiles = take_profiles(document)
    unused_profiles = mistakes_in_profiles(document, profiles, overrides.profile)
    if overrides.profile is not None:
        apply_profile(document, profiles, overrides.profile)
    apply_replacements(document, overrides)
    substitute_variables(document, variables)
    if overrides.users is not None:
        scale_users(document, overrides.users)
    files = PlanFiles(document, source.folder, includes.files)
    put_schemas_in(document, files.locate)
    put_documents_in(document, files.locate)
    put_operations_in(document)
    mask_literal_keys(document)
    put_metrics_in(document)
    name_token_metrics(document)
    plan = validate(document)
    view = PlanView(document)
    uses = check_plan(view)
    check_base_url_option(view, overrides)
    document.problems += unused_profiles
    seed = plan.config.seed if plan is not None and plan.config.seed is not None else secrets.randbits(63)
    data, supplies = load_data(view, uses, files.locate, seed)
    assets = read_assets(view, files.locate)
    values = read_secrets(document, variables, files.locate)
    assets = check_tls(view, assets, values)
    check_signing_keys(document, values)
    if plan is None or document.problems:
        raise PlanError(without_secrets(document, Mask([*document.credentials, *values.values()])))
    schedule = schedule_of(document, plan)
    credentials = tuple(sorted(document.credentials))
    job = Job(document.root, assets, values, seed, credentials=credentials, dealt=tuple(sorted(supplies)))
    display_plan = plan_for_display(plan, job)
    if display_plan is not plan:
        schedule = compile_schedule(display_plan)
    text = json.dumps(document.root, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return LoadedPlan(
        plan,
        display_plan,
        schedule,
        job,
        data,
        digest,
        source.name,
        source.folder,
        find_warnings(view),
        lines_of_thresholds(document),
        files.found,
        variables.used,
        tuple(includes.files.values()),
        overrides.profile,
        supplies,
    )


def lines_of_thresholds(document: Document) -> tuple[int | None, ...]:
    """The line of each entry of `thresholds`; None for one that an option brought."""
    marks = (document.mark(("thresholds", number)) for number in range(len(list_at(document.root, "thresholds"))))
    return tuple(mark.line if mark.file == document.name else None for mark in marks)


def validate(document: Document) -> Plan | None:
    """The plan; None, with every mistake of shape reported, when it has any."""
    unsupported = list(unsupported_parts(document))
    unreadable = [problem.path for problem in document.problems if problem.path]
    document.problems += [problem for _, problem in unsupported]
    covered = [path for path, _ in unsupported]
    try:
        return Plan.model_validate(document.root)
    except ValidationError as error:
        for path, problem in shape_problems(document, error):
            if problem.path not in unreadable and not any(path[: len(part)] == part for part in covered):
                document.problems.append(problem)
        return None


def mistakes_in_profiles(document: Document, profiles: Profiles, chosen: str | None) -> list[Problem]:
    """Unknown keys in the profiles that are not used: their values may need variables that are not set here."""
    found = []
    for name in profiles.keys() - {chosen}:
        changed = with_profile(document, profiles, name)
        wrong = [*headers_of_the_engine(PlanView(changed))]
        try:
            Plan.model_validate(changed.root)
        except ValidationError as error:
            wrong += shape_problems(changed, error, only="extra_forbidden")
        found += [problem for path, problem in wrong if changed.mark(path).profile == name]
    return found


def schedule_of(document: Document, plan: Plan) -> Schedule:
    """The schedule; PlanError with what only shows when the ramps are compiled one after the other."""
    try:
        return compile_schedule(plan)
    except PlanError as error:
        raise PlanError([replace(problem, file=document.name) for problem in error.problems]) from error


def find_warnings(view: PlanView) -> tuple[Problem, ...]:
    """What is allowed, but probably a mistake."""
    found = list(unreachable_steps(view))
    if view.phases and all(phase.get("warm_up") is True for _, phase in view.phases):
        found.append(view.document.problem(("config", "phases"), "every phase is a warm-up, so nothing is measured"))
    return tuple(found)


def check_base_url_option(view: PlanView, overrides: Overrides) -> None:
    """`--base-url` changes where something goes: with services of their own addresses, all of it may go elsewhere."""
    if overrides.base_url is not None and view.services and not uses_base_url(view):
        hint = f"set that of a service: --set services.{next(iter(view.services))}.base_url=…"
        message = "every action goes to a service with a base_url of its own, which this option does not change"
        view.document.problems.append(Problem(message, "", "--base-url", None, hint))


def without_secrets(document: Document, mask: Mask) -> list[Problem]:
    """Every mistake once, in the order of the file; those of options come last.

    The value of a variable or option may be anywhere in a plan, and so in a message: it is masked.
    """
    unique = {str(problem): problem for problem in document.problems}.values()
    in_order = sorted(unique, key=lambda problem: (problem.file != document.name, problem.line or 0))
    hide = mask.hide
    return [replace(p, message=hide(p.message), path=hide(p.path), hint=hide(p.hint)) for p in in_order]


def _unreadable(name: str, message: str, line: int | None = None, hint: str = "") -> PlanError:
    return PlanError([Problem(message, "", name, line, hint)])
