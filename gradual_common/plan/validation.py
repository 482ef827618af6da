"""From a document to a plan: what is wrong with it, and what is probably a mistake.

Every function reports into the document, so that all mistakes are found in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from gradual_common.errors import PlanError, Problem
from gradual_common.kinds.http.request_checks import headers_of_the_engine, uses_base_url
from gradual_common.language.document import Document, list_at
from gradual_common.language.plan_view import PlanView
from gradual_common.plan.checks.flow import names_with_templates, unreachable_steps
from gradual_common.plan.checks.shape import shape_problems
from gradual_common.plan.gatherings import gathering_warnings
from gradual_common.plan.idleness import idleness_warnings
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.plan.reading.profiles import Profiles, with_profile
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.plan.thresholds import thresholds_never_judged
from gradual_common.schedule.schedule import Schedule
from gradual_common.secrecy.masking import Mask

BASE_URL_OPTION = "--base-url"


def lines_of_thresholds(document: Document) -> tuple[int | None, ...]:
    """The line of each entry of `thresholds`; None for one that an option brought."""
    marks = (document.mark(("thresholds", number)) for number in range(len(list_at(document.root, "thresholds"))))
    return tuple(mark.line if mark.file == document.name else None for mark in marks)


def validate(document: Document) -> Plan | None:
    """The plan; None, with every mistake of shape reported, when it has any."""
    unreadable = [problem.path for problem in document.problems if problem.path]
    try:
        return Plan.model_validate(document.root)
    except ValidationError as error:
        for path, problem in shape_problems(document, error):
            if not document.is_unread(path) and problem.path not in unreadable:
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
    """The schedule; PlanError with what only shows when it is compiled, and with objectives that it cannot judge."""
    try:
        schedule = compile_schedule(plan)
    except PlanError as error:
        raise PlanError([replace(problem, file=document.name) for problem in error.problems]) from error
    if unjudged := list(thresholds_never_judged(document, plan, schedule)):
        raise PlanError(unjudged)
    return schedule


def find_warnings(view: PlanView, plan: Plan, schedule: Schedule) -> tuple[Problem, ...]:
    """What is allowed, but probably a mistake."""
    found = [*unreachable_steps(view), *names_with_templates(view), *idleness_warnings(view, plan)]
    found += gathering_warnings(view, plan, schedule)
    if view.phases and all(phase.get("warm_up") is True for _, phase in view.phases):
        found.append(view.document.problem(("config", "phases"), "every phase is a warm-up, so nothing is measured"))
    return tuple(found)


def check_base_url_option(view: PlanView, overrides: Overrides) -> None:
    """`--base-url` changes where something goes: absolute URLs, and services of their own addresses, it does not.

    A run that is meant for a test system would else go to the one that the plan names.
    """
    if overrides.base_url is None or not view.actions or uses_base_url(view):
        return
    if view.services:
        message = "every action goes to a service with a base_url of its own, which this option does not change"
        hint = f"set that of a service: --set services.{next(iter(view.services))}.base_url=…"
    else:
        message = "every action has an absolute URL, which this option does not change"
        hint = "write paths in a plan, as in url: /rates: they are put after the base URL"
    view.document.problems.append(Problem(message, "", BASE_URL_OPTION, None, hint))


def without_secrets(document: Document, values: Mapping[str, str]) -> list[Problem]:
    """Every mistake once, in the order of the file; those of options come last.

    The value of a variable or option may be anywhere in a plan, and so in a message: it is masked.
    """
    mask = Mask([*document.credentials, *values.values()])
    unique = {str(problem): problem for problem in document.problems}.values()
    in_order = sorted(unique, key=lambda problem: (problem.file != document.name, problem.line or 0))
    hide = mask.hide
    return [replace(p, message=hide(p.message), path=hide(p.path), hint=hide(p.hint)) for p in in_order]
