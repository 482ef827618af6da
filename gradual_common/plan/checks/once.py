"""`setup` and `teardown`: what set-up extracts is set nowhere else, and their steps have no objectives."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.language.document import TEARDOWN, Path
from gradual_common.language.plan_view import PlanView

ONCE_KEYS = {
    "success_rate": "any failure in it fails the run",
    "on_failure": "a failure ends the set-up, and a teardown always goes on",
}
"""Keys of a step that have no meaning in `setup` and `teardown`, and why."""


def check_once(view: PlanView) -> None:
    """Report what is wrong with set-up and teardown."""
    for section, group in view.once.items():
        for entry in group.entries:
            if entry.kind == "rendezvous":
                view.document.report(entry.path, f"{section} has no rendezvous: it is performed by one user")
            if entry.kind in {"push", "pop"}:
                message = f"{section} has no pools: they belong to the users of one agent"
                view.document.report(entry.path, message, "let a group of users push, in on_start or behavior")
            for key, reason in ONCE_KEYS.items():
                if entry.raw.get(key) is not None:
                    view.document.report((*entry.path, key), f"{key} cannot be used in {section}: {reason}")
    for path, name in dict(_set_elsewhere(view)).items():
        if name in view.shared:
            message = f"{name!r} is set by setup, and all users read it: it is not set again"
            view.document.report(path, message, "use another name, or another action in setup")


def _set_elsewhere(view: PlanView) -> Iterator[tuple[Path, str]]:
    """The path of everything but the set-up that sets a name: data sets, and the steps of users and the teardown."""
    yield from ((("data", name), name) for name in view.data)
    for group in (*view.groups, view.once[TEARDOWN]):
        yield from (((*group.path, "data", name), name) for name in group.data)
        yield from ((path, name) for name, path in view.variables_set_by(group).items())
