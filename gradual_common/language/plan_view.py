"""A plan's document seen as groups, steps and actions, also when other parts of it are wrong.

The checks read this instead of the validated plan, so that a mistake in one place hides none in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradual_common.language.document import ONCE, SETUP, Document, Once, Path, list_at, mapping_at
from gradual_common.language.step_names import entries_of, names_of
from gradual_common.language.steps import WrittenEntry, variables_of, walk


@dataclass(frozen=True, slots=True)
class StepView:
    """A step that performs an action."""

    path: Path
    action: str

    action_path: Path
    """Where the action is named."""

    name: str
    """In results; steps with the same name are one row."""

    condition: str | None


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group."""

    number: int
    path: Path
    name: str

    concurrency: int | None
    """None where it cannot be read."""

    entries: tuple[WrittenEntry, ...]
    """Every step, each before what is below it."""

    data: dict[str, Any]
    """As written."""

    raw: dict[str, Any]
    """All of it as written."""

    @property
    def steps(self) -> tuple[StepView, ...]:
        """Those that perform an action, with their names."""
        names = names_of(self.entries)
        return tuple(_step_view(entry, names[entry.path]) for entry in self.entries if entry.action)


def _step_view(entry: WrittenEntry, name: str) -> StepView:
    condition = entry.raw.get("condition")
    below = ("poll", "action") if isinstance(entry.raw.get("poll"), dict) else (entry.kind,)
    return StepView(
        entry.path, entry.action, (*entry.path, *below), name, condition if isinstance(condition, str) else None
    )


Layer = tuple[Path, dict[str, Any]]
"""A mapping of the plan, as written, with its path."""


@dataclass(frozen=True)
class PlanView:
    """What the checks need to know of a document."""

    document: Document

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config` as written."""
        return mapping_at(self.document.root, "config")

    @cached_property
    def phases(self) -> list[tuple[Path, dict[str, Any]]]:
        """Each entry of `config.phases`: its path, and what is written; one that is not a mapping is an empty one."""
        return [(("config", "phases", n), mapping_at(phase)) for n, phase in enumerate(list_at(self.config, "phases"))]

    @cached_property
    def actions(self) -> dict[str, dict[str, Any]]:
        """`actions` as written; an entry that is not a mapping is an empty one."""
        return {name: mapping_at(action) for name, action in mapping_at(self.document.root, "actions").items()}

    def actions_of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Those of one kind."""
        return {name: action for name, action in self.actions.items() if kind_name_of(action) == kind}

    @cached_property
    def services(self) -> dict[str, dict[str, Any]]:
        """`services` as written; an entry that is not a mapping is an empty one."""
        return {name: mapping_at(service) for name, service in mapping_at(self.document.root, "services").items()}

    def service_of(self, action: dict[str, Any]) -> Layer | None:
        """The service that an action names, where there is one of that name."""
        name = action.get("service")
        return (("services", name), self.services[name]) if isinstance(name, str) and name in self.services else None

    def layers_of(self, name: str) -> list[Layer]:
        """Where the settings of an action's requests may be written: the action, its service, the config."""
        service = self.service_of(self.actions[name])
        shared: list[Layer] = [(("config",), self.config)]
        return [(("actions", name), self.actions[name]), *([service] if service else []), *shared]

    def auth_of(self, name: str) -> Layer | None:
        """The `auth` that an action uses, as written, with its path; None if it has none.

        Its own comes before that of its service, and this one before that of the config.
        """
        for path, owner in self.layers_of(name):
            if "auth" in owner:
                return ((*path, "auth"), owner["auth"]) if isinstance(owner["auth"], dict) else None
        return None

    @cached_property
    def http_settings(self) -> list[Layer]:
        """Every place of settings of requests: the config, each service, each HTTP action."""
        services: list[Layer] = [(("services", name), service) for name, service in self.services.items()]
        actions: list[Layer] = [(("actions", name), action) for name, action in self.actions_of("http").items()]
        return [(("config",), self.config), *services, *actions]

    @cached_property
    def data(self) -> dict[str, Any]:
        """Top-level `data` as written."""
        return mapping_at(self.document.root, "data")

    @cached_property
    def groups(self) -> tuple[GroupView, ...]:
        """The groups in the order of the file."""
        groups = []
        for number, entry in enumerate(list_at(self.document.root, "users")):
            if isinstance(entry, dict):
                path: Path = ("users", number)
                name = written if isinstance(written := entry.get("name"), str) else ""
                concurrency, data = read_count(entry.get("concurrency")), mapping_at(entry, "data")
                groups.append(GroupView(number, path, name, concurrency, tuple(entries_of(entry, path)), data, entry))
        return tuple(groups)

    @cached_property
    def once(self) -> dict[Once, GroupView]:
        """`setup` and `teardown`, each as a group of one user; the number is none of the plan's groups."""
        return {section: _once(section, list_at(self.document.root, section)) for section in ONCE}

    @cached_property
    def performers(self) -> tuple[GroupView, ...]:
        """All that has steps: the groups, then set-up and teardown."""
        return (*self.groups, *self.once.values())

    @cached_property
    def shared(self) -> frozenset[str]:
        """The variables that `setup` sets, which every user reads."""
        return frozenset(self.variables_set_by(self.once[SETUP]))

    def variables_set_by(self, group: GroupView) -> dict[str, Path]:
        """The variables that the steps of a group set, each with where that is written."""
        found: dict[str, Path] = {}
        for action in dict.fromkeys(step.action for step in group.steps):
            written, path = self.actions.get(action), ("actions", action)
            found |= {name: (*path, "extract", name) for name in mapping_at(written, "extract")}
            found |= {
                name: (*path, "sets", n) for n, name in enumerate(list_at(written, "sets")) if isinstance(name, str)
            }
        return found | {
            name: (*e.path, "pop" if "pop" in e.raw else "set", name) for e in group.entries for name in variables_of(e)
        }

    @cached_property
    def users(self) -> int | None:
        """N, where every concurrency can be read."""
        return total([group.concurrency for group in self.groups])

    def mix(self, phase: dict[str, Any]) -> list[int | None]:
        """Users per group in a phase."""
        given = mapping_at(phase, "users")
        return [read_count(given[group.name]) if group.name in given else group.concurrency for group in self.groups]

    def most_users(self, group: GroupView) -> int | None:
        """The most slots that a group may have in any phase."""
        counts = [self.mix(phase)[self.groups.index(group)] for _, phase in self.phases] or [group.concurrency]
        return None if None in counts else max(count for count in counts if count is not None)


def _once(section: Once, steps: list[Any]) -> GroupView:
    path: Path = (section,)
    return GroupView(-1, path, section, 1, tuple(walk(steps, path)), {}, {})


def transactions_of(group: GroupView) -> dict[str, Path]:
    """The transactions of a group, polls included, by name, with the path of the first."""
    found: dict[str, Path] = {}
    for entry in group.entries:
        if entry.kind == "transaction" and isinstance(name := entry.raw.get("transaction"), str):
            found.setdefault(name, entry.path)
    for step in group.steps:
        if step.action_path[-2:-1] == ("poll",) or step.action_path[-1] == "poll":
            found.setdefault(step.name, step.path)
    return found


def kind_name_of(action: Mapping[str, Any]) -> Any:
    """What names the kind of an action as written: `kind`, or the key that implies one; else it is `http`."""
    return action.get("kind", "python" if "python" in action else "http")


def places_of(group: GroupView) -> dict[str, Path]:
    """The places where users of a group wait for others, with the path of the first step."""
    found: dict[str, Path] = {}
    for entry in group.entries:
        if entry.kind == "rendezvous" and isinstance(name := entry.raw.get("rendezvous"), str):
            found.setdefault(name, entry.path)
    return found


def total(counts: list[int | None]) -> int | None:
    """The sum, or None where one of them is unknown."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def read_count(value: Any) -> int | None:
    """A number of users, or None where it cannot be read as one."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
