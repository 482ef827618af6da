"""From a plan file to everything that a run needs: the plan, the job for the agents, the data.

Read → include other files → merge the profile → replace (`--set` and other options) → put variables in → scale (`-u`) →
put schemas in → validate and check → read data, TLS files, uploads and secrets → try the TLS files. Every step reports
into the document and the next goes on: all mistakes are found in one go.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from gradual_common.errors import PlanError, Problem
from gradual_common.kinds.http.auth.oauth2 import name_token_metrics
from gradual_common.kinds.http.event_streams import put_metrics_in
from gradual_common.kinds.http.multipart import files_of_uploads
from gradual_common.language.document import Document, Path
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import nearest
from gradual_common.plan.checks.data import Supplies, Tables, load_data
from gradual_common.plan.checks.names import check_plan
from gradual_common.plan.checks.templates import Uses
from gradual_common.plan.checks.tls import check_tls
from gradual_common.plan.confidential import plan_for_display
from gradual_common.plan.data.data_files import DataTable
from gradual_common.plan.data.supplies import Supply
from gradual_common.plan.digests import digest_of, digest_of_load
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.reading.asset_files import read_assets
from gradual_common.plan.reading.environment import Variables, read_secrets, substitute_variables
from gradual_common.plan.reading.includes import Includes
from gradual_common.plan.reading.operations import put_documents_in, put_operations_in
from gradual_common.plan.reading.overrides import Overrides, apply_replacements, scale_users
from gradual_common.plan.reading.plan_files import PlanFiles
from gradual_common.plan.reading.profiles import apply_profile, take_profiles
from gradual_common.plan.reading.regular_files import TooLargeError, is_given, read_regular
from gradual_common.plan.reading.schema_files import put_schemas_in
from gradual_common.plan.reading.yaml import read_document
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.plan.signing_keys import check_signing_keys, mask_literal_keys
from gradual_common.plan.validation import (
    check_base_url_option,
    find_warnings,
    lines_of_thresholds,
    mistakes_in_profiles,
    schedule_of,
    validate,
    without_secrets,
)
from gradual_common.protocol.job import Job
from gradual_common.schedule.schedule import Schedule

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
    load_sha256: str
    """Without base URLs and baseline, but with data rows and uploads: equal for the same load on two systems."""
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
    reading = read_plan(source, overrides, variables)
    plan = validate(reading.document)
    view = PlanView(reading.document)
    uses = check_plan(view)
    check_base_url_option(view, overrides)
    reading.document.problems += reading.unused_profiles
    material = read_material(view, uses, reading.files, variables, seed_of(plan))
    if plan is None or reading.document.problems:
        raise PlanError(without_secrets(reading.document, material.values))
    job = job_of(reading.document, material)
    display_plan = plan_for_display(plan, job)
    schedule = schedule_of(reading.document, plan)
    return LoadedPlan(
        plan=plan,
        display_plan=display_plan,
        schedule=schedule if display_plan is plan else compile_schedule(display_plan),
        job=job,
        data=material.data,
        sha256=digest_of(reading.document.root),
        load_sha256=digest_of_load(reading.document.root, material.data, material.supplies, uploads_of(view, material)),
        name=source.name,
        folder=source.folder,
        warnings=find_warnings(view, plan, schedule),
        threshold_lines=lines_of_thresholds(reading.document),
        files=reading.files.found,
        variables=variables.used,
        includes=tuple(reading.files.includes.values()),
        profile=overrides.profile,
        supplies=material.supplies,
    )


@dataclass(frozen=True, slots=True)
class PlanAsRead:
    """A plan as it was read: with its includes, profile, options, variables and the files that become part of it."""

    document: Document
    files: PlanFiles
    unused_profiles: list[Problem]
    """Mistakes in the profiles that are not chosen."""


def read_plan(source: PlanSource, overrides: Overrides, variables: Variables) -> PlanAsRead:
    """Read a plan until it can be validated; PlanError if there is nothing to go on with."""
    document = source.read()
    if document.problems and not document.root:
        raise PlanError(document.problems)
    includes = Includes(document, lambda file: PlanSource.of_path(file, may_be_given=False).text or "")
    includes.merge(source.folder / FilePath(source.name).name)
    unused_profiles = merge_profile(document, overrides.profile)
    apply_replacements(document, overrides)
    substitute_variables(document, variables)
    if overrides.users is not None:
        scale_users(document, overrides.users)
    files = PlanFiles(document, source.folder, includes.files)
    spell_out(document, files)
    return PlanAsRead(document, files, unused_profiles)


def merge_profile(document: Document, chosen: str | None) -> list[Problem]:
    """Merge the chosen profile; returns the mistakes in the others."""
    profiles = take_profiles(document)
    unused = mistakes_in_profiles(document, profiles, chosen)
    if chosen is not None:
        apply_profile(document, profiles, chosen)
    return unused


def spell_out(document: Document, files: PlanFiles) -> None:
    """Put in what agents need and no file of theirs has: schemas, GraphQL documents, names, metrics."""
    put_schemas_in(document, files.locate)
    put_documents_in(document, files.locate)
    put_operations_in(document)
    mask_literal_keys(document)
    put_metrics_in(document)
    name_token_metrics(document)


@dataclass(frozen=True, slots=True)
class Material:
    """What a run needs besides the plan."""

    seed: int
    data: Tables
    supplies: Supplies
    assets: dict[str, bytes]
    values: dict[str, str] = field(repr=False)
    """Of the secrets."""


def read_material(view: PlanView, uses: Uses, files: PlanFiles, variables: Variables, seed: int) -> Material:
    """Read data, uploads, TLS files and secrets; try the TLS files and the keys of signatures."""
    data, supplies = load_data(view, uses, files.locate, seed)
    assets = read_assets(view, files.locate)
    values = read_secrets(view.document, variables, files.locate)
    assets = check_tls(view, assets, values)
    check_signing_keys(view.document, values)
    return Material(seed, data, supplies, assets, values)


def uploads_of(view: PlanView, material: Material) -> dict[str, bytes]:
    """The content of each file that is uploaded, by its name in the plan."""
    named = {file for _, file in files_of_uploads(view)}
    return {file: content for file, content in material.assets.items() if file in named}


def seed_of(plan: Plan | None) -> int:
    """The seed of the plan, or one by chance."""
    return secrets.randbits(63) if plan is None or plan.config.seed is None else plan.config.seed


def job_of(document: Document, material: Material) -> Job:
    """What the agents get."""
    return Job(
        document.root,
        material.assets,
        material.values,
        material.seed,
        credentials=tuple(sorted(document.credentials)),
        dealt=tuple(sorted(material.supplies)),
    )


def _unreadable(name: str, message: str, line: int | None = None, hint: str = "") -> PlanError:
    return PlanError([Problem(message, "", name, line, hint)])
