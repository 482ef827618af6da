"""What the plan language has and this version does not: refused by name, so that nothing is silently left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradual_common.errors import Problem, RuleError
from gradual_common.language.document import SECTIONS, Document, Path, list_at, mapping_at
from gradual_common.rules import parse_rule
from gradual_common.schedule.ramps.written import RAMP_KEYS

TOP_LEVEL = ("setup", "teardown", "services", "include", "profiles", "network", "proxy", "auth")
CONFIG = ("setup", "teardown", "services", "proxy", "auth", "network", "profile", "profiles", "include")
GROUP = ("setup", "teardown", "network", "proxy", "auth")
ACTION = ("service", "proxy", "auth", "network", "multipart", "retry")
FLOW = ("repeat", "while", "if", "choose", "transaction", "parallel", "poll", "rendezvous", "sleep", "set", "retry")
THRESHOLD = ("abort", "after")

Finding = tuple[Path, Problem]
"""The part of the plan whose other mistakes need not be told, and what to say of it."""


def unsupported_parts(document: Document) -> Iterator[Finding]:
    """Every part of the plan that is not supported yet."""
    root = document.root
    yield from _keys(document, (), root, TOP_LEVEL)
    config = mapping_at(root, "config")
    yield from _keys(document, ("config",), config, CONFIG)
    yield from _owner_of_ramp(document, ("config",), config)
    for number, phase in enumerate(list_at(config, "phases")):
        yield from _owner_of_ramp(document, ("config", "phases", number), phase)
    for number, group in enumerate(list_at(root, "users")):
        yield from _group(document, ("users", number), group)
    for name, action in mapping_at(root, "actions").items():
        yield from _keys(document, ("actions", name), action, ACTION)
    yield from _data(document, ("data",), root.get("data"))
    for number, threshold in enumerate(list_at(root, "thresholds")):
        yield from _threshold(document, ("thresholds", number), threshold)


def _refuse(document: Document, path: Path, what: str) -> Finding:
    return path, document.problem(path, f"{what} is not supported yet")


def _keys(document: Document, path: Path, value: Any, keys: tuple[str, ...]) -> Iterator[Finding]:
    for key in keys:
        if key in mapping_at(value):
            yield _refuse(document, (*path, key), key)


def _owner_of_ramp(document: Document, path: Path, owner: Any) -> Iterator[Finding]:
    for key in RAMP_KEYS:
        ramp = mapping_at(owner).get(key)
        strategy = ramp.get("strategy") if isinstance(ramp, dict) else ramp
        if strategy == "find_capacity":
            yield _refuse(document, (*path, key), "find_capacity")


def _group(document: Document, path: Path, group: Any) -> Iterator[Finding]:
    yield from _keys(document, path, group, GROUP)
    yield from _owner_of_ramp(document, path, group)
    yield from _data(document, (*path, "data"), mapping_at(group).get("data"))
    for section in SECTIONS:
        for number, step in enumerate(list_at(group, section)):
            yield from _step(document, (*path, section, number), step)


def _step(document: Document, path: Path, step: Any) -> Iterator[Finding]:
    for key in FLOW:
        if key in mapping_at(step):
            # The whole step is another kind: that it has no `action` is no mistake of its own.
            yield path, document.problem((*path, key), f"{key} is not supported yet")
    if (wish := mapping_at(step).get("on_failure", "continue")) in ("end_iteration", "end_user", "abort_run"):
        yield _refuse(document, (*path, "on_failure"), f"on_failure: {wish}")


def _data(document: Document, path: Path, sets: Any) -> Iterator[Finding]:
    for name, entry in mapping_at(sets).items():
        if mapping_at(entry).get("per") == "iteration":
            yield _refuse(document, (*path, name, "per"), "per: iteration")


def _threshold(document: Document, path: Path, threshold: Any) -> Iterator[Finding]:
    yield from _keys(document, path, threshold, THRESHOLD)
    text = threshold if isinstance(threshold, str) else mapping_at(threshold).get("rule")
    if isinstance(text, str):
        try:
            missing = parse_rule(text).unsupported()
        except RuleError:
            return
        if missing is not None:
            yield path, document.problem(path, f"{missing} is not supported yet")
