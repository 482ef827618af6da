"""Checks of the steps around actions: what is retried, what waits where nothing follows, transactions in themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradual_common.errors import Problem, TemplateError
from gradual_common.kinds.failure import ASSERTION
from gradual_common.kinds.registry import known_failures
from gradual_common.language.document import Path, attempt, list_at, mapping_at
from gradual_common.language.plan_view import GroupView, PlanView, read_count, total, transactions_of
from gradual_common.language.steps import WrittenEntry, as_mapping, kind_of_step, variables_of
from gradual_common.language.wording import listed, nearest
from gradual_common.templates.templates import Condition
from gradual_common.templates.trees import is_template, names_in
from gradual_common.units import read_duration

STATUS = re.compile(r"[1-9]\d\d|[1-9]xx")
"""A status code, or a class of them, in `retry.on`."""

NEVER_RETRIED = ("internal",)
"""A mistake in Gradual is not a failure of the system."""


def check_flow(view: PlanView) -> None:
    """Report every mistake in the steps of the plan that the model cannot find."""
    for group in view.performers:
        for entry in group.entries:
            _check_retry(view, entry)
            _check_parallel(view, entry)
            _check_nesting(view, entry)
            _check_poll(view, group, entry)
            _check_rendezvous(view, entry)
    _check_sizes(view)
    _check_pools(view)


def _check_retry(view: PlanView, entry: WrittenEntry) -> None:
    """`on` names failure kinds that exist, or status codes."""
    names = sorted(name for name in (*known_failures(), ASSERTION) if name not in NEVER_RETRIED)
    for number, name in enumerate(list_at(entry.raw, "retry", "on")):
        if isinstance(name, str) and name not in names and not STATUS.fullmatch(name):
            hint = nearest(name, names) or f"failures: {listed(names)}; or a status code such as 503 or 5xx"
            path: Path = (*entry.path, "retry", "on", number)
            view.document.report(path, f"there is no failure {name!r}", hint)


def _check_parallel(view: PlanView, entry: WrittenEntry) -> None:
    """A step right below `parallel` has no think time: nothing of its user comes after it."""
    for number, inner in enumerate(list_at(entry.raw, "parallel")):
        if kind_of_step(inner) in {"action", "poll"} and "think_time" in as_mapping(inner):
            path: Path = (*entry.path, "parallel", number, "think_time")
            view.document.report(
                path, "nobody waits after a step in parallel", "write think_time beside parallel, for all of its steps"
            )


def _check_nesting(view: PlanView, entry: WrittenEntry) -> None:
    """No transaction is inside itself: its time would be counted twice in one row."""
    name = entry.raw.get("transaction")
    if not isinstance(name, str):
        return
    for length in range(2, len(entry.path)):
        if mapping_at(view.document.root, *entry.path[:length]).get("transaction") == name:
            view.document.report((*entry.path, "transaction"), f"the transaction {name!r} is inside itself")
            return


def _check_poll(view: PlanView, group: GroupView, entry: WrittenEntry) -> None:
    """A poll asks more than once, and has a row of its own among the transactions."""
    if entry.kind != "poll":
        return
    every, within = (attempt(read_duration, entry.raw.get(key)) for key in ("every", "within"))
    if every is not None and within is not None and every >= within:
        text = "every is not shorter than within, so the poll would ask only once"
        view.document.report((*entry.path, "every"), text)
    name = entry.raw.get("name") or entry.action
    if any(other.raw.get("transaction") == name for other in group.entries):
        text = f"{name!r} is the name of a transaction too; a poll has a row of its own among them"
        view.document.report(entry.path, text, "write a `name` beside poll")


def _check_rendezvous(view: PlanView, entry: WrittenEntry) -> None:
    """A user is in one place: it cannot wait for others in one of its simultaneous steps."""
    if entry.kind != "rendezvous":
        return
    if "parallel" in entry.path:
        view.document.report(entry.path, "a rendezvous cannot be one of several simultaneous steps")


def _check_sizes(view: PlanView) -> None:
    """Each place has one size, and there are enough users that can come."""
    places: dict[str, list[tuple[GroupView, WrittenEntry]]] = {}
    for group in view.groups:
        for entry in group.entries:
            if entry.kind == "rendezvous" and isinstance(name := entry.raw["rendezvous"], str):
                places.setdefault(name, []).append((group, entry))
    for name, steps in places.items():
        (_, first), *others = steps
        users = read_count(first.raw.get("users"))
        for _, other in others:
            if read_count(other.raw.get("users")) != users:
                text = f"the place {name!r} waits for {users} users at another step; it has one number of users"
                view.document.report((*other.path, "users"), text)
        groups = {group.number: view.most_users(group) for group, _ in steps}
        most = total(list(groups.values()))
        if users is not None and most is not None and users > most:
            text = f"{users} users can never be there: the groups that come have {most}"
            view.document.report((*first.path, "users"), text)
        for group, entry in steps:
            if name in transactions_of(group):
                text = f"{name!r} is the name of a transaction too; a rendezvous has a row of its own among them"
                view.document.report((*entry.path, "rendezvous"), text)


def _check_pools(view: PlanView) -> None:
    """A pool that is popped is pushed to, by any user."""
    entries = [entry for group in view.performers for entry in group.entries]
    pushed = [name for entry in entries for name in mapping_at(entry.raw, "push")]
    for entry in entries:
        for variable in variables_of(entry) if entry.kind == "pop" else ():
            pool = entry.raw["pop"][variable]
            if isinstance(pool, str) and pool not in pushed:
                hint = nearest(pool, pushed) or f"pools: {listed(dict.fromkeys(pushed)) or 'none'}"
                view.document.report((*entry.path, "pop", variable), f"nothing pushes to the pool {pool!r}", hint)


def unreachable_steps(view: PlanView) -> Iterator[Problem]:
    """Steps that no user ever performs: allowed, but probably a mistake."""
    for group in view.performers:
        for entry in group.entries:
            yield from (view.document.problem(path, f"never performed: {reason}") for path, reason in _never(entry))


def names_with_templates(view: PlanView) -> Iterator[Problem]:
    """Names of rows in results that look like templates: each is one text for all users, as it is written."""
    for group in view.performers:
        for entry in group.entries:
            for key in ("name", "transaction", "rendezvous"):
                if isinstance(name := entry.raw.get(key), str) and is_template(name):
                    message = f"{name!r} is shown as it is written: a name is no template"
                    yield view.document.problem((*entry.path, key), message, "write a fixed name")


def _never(entry: WrittenEntry) -> Iterator[tuple[Path, str]]:
    if entry.raw.get("repeat") in (0, "0", "0-0"):
        yield (*entry.path, "steps"), "the steps are repeated 0 times"
    for number, branch in enumerate(list_at(entry.raw, "choose")):
        if mapping_at(branch).get("weight") == 0 and mapping_at(branch).get("steps"):
            yield (*entry.path, "choose", number), "the branch has the weight 0"
    for key in ("while", "if", "condition"):
        if (holds := constant_value(entry.raw.get(key))) is False:
            yield (*entry.path, key), f"{key} is always false"
        elif holds and key == "if" and entry.raw.get("else"):
            yield (*entry.path, "else"), "if is always true"


def constant_value(text: object) -> bool | None:
    """The value of an expression that reads and calls nothing; None for any other."""
    if isinstance(text, bool):
        return text
    if not isinstance(text, str) or "(" in text:
        return None
    try:
        return None if names_in(text, True) else Condition(text).holds({})
    except TemplateError:
        return None  # It is reported where templates are checked.
