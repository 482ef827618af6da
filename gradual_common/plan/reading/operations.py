"""The names of GraphQL operations: they are put into the plan, so that agents need not read a document.

A step without a name of its own has that of its action's operation.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradual_common.kinds.http.graphql import only_operation
from gradual_common.language.document import ONCE, SECTIONS, Document, list_at, mapping_at
from gradual_common.language.step_names import entries_of, spell_out
from gradual_common.language.steps import WrittenEntry, walk


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
