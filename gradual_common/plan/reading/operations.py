"""GraphQL documents in files, and the names of operations: both are put into the plan, so that agents read neither.

A step without a name of its own has that of its action's operation.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradual_common.kinds.http.graphql import only_operation
from gradual_common.language.document import EACH, ONCE, SECTIONS, Document, Path, list_at, mapping_at, places
from gradual_common.language.step_names import entries_of, spell_out
from gradual_common.language.steps import WrittenEntry, walk
from gradual_common.plan.reading.environment import Locate
from gradual_common.plan.reading.regular_files import read_regular

UNREADABLE = "{unreadable}"
"""Stands for a document that could not be read: an operation in which nothing else is wrong."""

MAX_DOCUMENT_BYTES = 1024 * 1024
"""A document is sent to every agent within the plan."""


def put_documents_in(document: Document, locate: Locate) -> None:
    """Replace each `query: {file: path}` by the content of the file; by `UNREADABLE` where it cannot be read."""
    for path, graphql in places(document.root, "actions", EACH, "graphql"):
        query = graphql.get("query") if isinstance(graphql, dict) else None
        if isinstance(query, dict) and query.keys() == {"file"} and isinstance(file := query["file"], str) and file:
            graphql["query"] = _read(document, (*path, "query", "file"), file, locate)


def _read(document: Document, path: Path, file: str, locate: Locate) -> str:
    located = locate(path, file)
    try:
        return read_regular(located, MAX_DOCUMENT_BYTES).decode("utf-8-sig")
    except OSError as error:
        document.report(path, f"cannot read {located}: {error.strerror or error}")
    except ValueError as error:
        document.report(path, f"{located} is not a GraphQL document: {error}")
    return UNREADABLE


def put_operations_in(document: Document) -> None:
    """Write the name of the operation into each `graphql`, and into the steps that perform it."""
    root = document.root
    operations: dict[str, str] = {}
    for name, action in mapping_at(root, "actions").items():
        if isinstance(action, dict) and isinstance(action.get("graphql"), dict):
            operation = only_operation(document, name)
            if operation is not None:
                action["graphql"]["operation"] = operations[name] = operation
    if not operations:
        return
    for group in list_at(root, "users"):
        if isinstance(group, dict):
            group.update({section: spell_out(group[section]) for section in SECTIONS if section in group})
            _name_steps(entries_of(group), operations)
    for section in ONCE:
        if section in root:
            root[section] = spell_out(root[section])
            _name_steps(walk(list_at(root, section), (section,)), operations)


def _name_steps(entries: Iterable[WrittenEntry], operations: dict[str, str]) -> None:
    for entry in entries:
        if entry.action in operations and entry.raw.get("name") is None:
            entry.raw["name"] = operations[entry.action]
