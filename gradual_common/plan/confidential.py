"""What is confidential in a plan: what must not go over a network unencrypted, and the plan as reports name its parts.

Everything that authenticates must be encrypted: secrets, private keys, and credentials in the plan, however they were
written into it (docs/design/architecture.md, 7). Reports show the same plan without the credentials in names. Master
and agents tell series by their numbers, so that the master's names are for display alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from gradual_common.kinds.http.settings import S
from gradual_common.language.document import ONCE, Document
from gradual_common.language.plan_view import PlanView
from gradual_common.language.step_names import name_steps
from gradual_common.net.certificates import holds_key
from gradual_common.plan.model.once import once_plan, steps_of
from gradual_common.plan.model.plan import Plan, Threshold, UserGroup
from gradual_common.plan.model.single_steps import Poll
from gradual_common.plan.model.steps import SomeStep, changed_steps
from gradual_common.plan.signing_keys import signing_templates
from gradual_common.protocol.job import Job, mask_of
from gradual_common.secrecy.credentials import SENT_KEYS, places_in
from gradual_common.templates.trees import literal_keys

AUTHENTICATING = SENT_KEYS - {"assertions"}
"""The keys of a plan whose values may authenticate. What is asserted is only compared with a response."""

NAMING = ("name", "action", "transaction", "rendezvous")
"""The fields of steps that results show."""

_NAME_IN_RULE = re.compile(r'"[^"]*"|[A-Za-z_][\w-]*')

Hide = Callable[[str], str]


def first_confidential(job: Job) -> str:
    """The path of the first confidential entry of the plan, as an author writes it; "" if there is none."""
    if job.secrets:
        return "secrets"
    if PlanView(Document(job.document, "")).shared:
        return "setup"  # What it extracts goes to all agents: a token, as a rule.
    for path, value, credentials in places_in(job.document, sent_keys=AUTHENTICATING):
        if path[-2:] in (("tls", "key"), ("tls", "cert")):
            found = path[-1] == "key" or holds_key(job.assets.get(value, b""))
        else:
            found = any(credentials)
        if found:
            return Document(job.document, "").show(path)
    document = Document(job.document, "")
    return next((document.show(path) for path, text in signing_templates(document) if literal_keys(text)), "")


def plan_for_display(plan: Plan, job: Job) -> Plan:
    """The plan with `***` in its names where they hold credentials; names that became equal are numbered."""
    hide = mask_of(job).hide_text
    if all(hide(text) == text for text in _texts_of(plan)):
        return plan
    groups = name_steps([hide(group.name) for group in plan.users])
    renamed = dict(zip((group.name for group in plan.users), groups, strict=True))
    phases = []
    for phase in plan.config.phases:
        users = {renamed.get(name, name): count for name, count in phase.users.items()}
        phases.append(phase.model_copy(update={"name": hide(phase.name), "users": users}))
    config = {"name": hide(plan.config.name), "phases": tuple(phases)}
    once = {section: once_plan(plan, section).users[0] for section in ONCE}
    return plan.model_copy(
        update={
            "config": _shown_service(plan.config, hide).model_copy(update=config),
            "users": tuple(_shown_group(group, name, hide) for group, name in zip(plan.users, groups, strict=True)),
            "services": {hide(name): _shown_service(service, hide) for name, service in plan.services.items()},
            "actions": {hide(name): action.for_display(hide) for name, action in plan.actions.items()},
            "watch": {hide(name): watch for name, watch in plan.watch.items()},
            "thresholds": tuple(_shown_threshold(threshold, hide) for threshold in plan.thresholds),
            **{section: steps_of(_shown_group(user, user.name, hide)) for section, user in once.items()},
        }
    )


def _texts_of(plan: Plan) -> Iterator[str]:
    """Everything of a plan that is shown together with the measurements."""
    yield from (plan.config.name, plan.config.base_url or "", *(phase.name for phase in plan.config.phases))
    for name, service in plan.services.items():
        yield from (name, service.base_url or "")
    for name, action in plan.actions.items():
        yield name
        yield from action.texts_for_display()
    for group in (*plan.users, *(once_plan(plan, section).users[0] for section in ONCE)):
        yield group.name
        yield from (text for step in group.all_steps() for text in _texts_of_step(step))
    yield from plan.watch
    for threshold in plan.thresholds:
        yield from (threshold.rule, threshold.name or "")


def _shown_service(service: S, hide: Hide) -> S:
    base_url = None if service.base_url is None else hide(service.base_url)
    return service.model_copy(update={"base_url": base_url})


def _texts_of_step(step: SomeStep) -> Iterator[str]:
    """Its names in results."""
    yield from (text for key in NAMING if isinstance(text := getattr(step, key, None), str))


def _shown_group(group: UserGroup, name: str, hide: Hide) -> UserGroup:
    known = dict.fromkeys(text for step in group.all_steps() for text in _texts_of_step(step))
    shown = dict(zip(known, name_steps([hide(text) for text in known]), strict=True))

    def change(step: SomeStep) -> SomeStep:
        updates: dict[str, Any] = {}
        for key in NAMING:
            if isinstance(text := getattr(step, key, None), str) and key in type(step).model_fields:
                updates[key] = hide(text) if key == "action" else shown[text]
        if isinstance(step, Poll):
            updates["poll"] = step.poll.model_copy(update={"action": hide(step.action)})
        return step.model_copy(update=updates)

    updates: dict[str, Any] = {section: changed_steps(steps, change) for section, steps in group.sections()}
    return group.model_copy(update={"name": name, **updates})


def _shown_threshold(threshold: Threshold, hide: Hide) -> Threshold:
    """A masked name in a rule gets quotes, since it is not a plain identifier any more."""

    def shown(match: re.Match[str]) -> str:
        name = match[0].strip('"')
        return match[0] if hide(name) == name else f'"{hide(name)}"'

    name = None if threshold.name is None else hide(threshold.name)
    return threshold.model_copy(update={"rule": _NAME_IN_RULE.sub(shown, threshold.rule), "name": name})
