"""Finds bodies that can never be sent, before a run: two bodies of one action, forms that are no forms, lost files."""

from __future__ import annotations

from typing import Any

from gradual_common.kinds.http.multipart import files_of_uploads
from gradual_common.language.document import EACH, Path, mapping_at, places
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed
from gradual_common.secrecy.quoting import quoted
from gradual_common.templates.trees import is_template

BODIES = ("body", "body_file", "form", "multipart", "graphql")
"""The keys that say what an action sends; it has one of them at most."""

UPLOADS = ("body_file", "multipart")
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
WITHOUT_BODY = ("GET", "HEAD")
"""Content has no meaning in them (RFC 9110, 9.3.1 and 9.3.2), so a file that is sent so is a mistake."""


def check_bodies(view: PlanView) -> None:
    """Report every body that can never be sent as it is meant."""
    for name, action in view.actions_of("http").items():
        _check_one_body(view, name, action)
        _check_json(view, name, action)
        _check_form(view, name, action)
        _check_upload(view, name, action)
    for path, file in files_of_uploads(view):
        if is_template(file):
            message = f"{quoted(file)} is a template, but the master reads the files of a plan once, before the run"
            view.document.report(path, message, "write the path itself; an action for each file is one way")


def _check_one_body(view: PlanView, name: str, action: dict[str, Any]) -> None:
    written = [key for key in BODIES if action.get(key) is not None]
    if len(written) > 1:
        message = f"{' and '.join(written)} cannot be used together; keep one of them"
        view.document.report(("actions", name, written[0]), message)


def _check_json(view: PlanView, name: str, action: dict[str, Any]) -> None:
    content_type = next(filter(None, (content_type_of(owner) for _, owner in view.layers_of(name))), "")
    if isinstance(action.get("body"), dict | list) and content_type.startswith(FORM_TYPES):
        path: Path = ("actions", name, "body")
        message = f"a mapping is sent as JSON, but Content-Type is {content_type!r}"
        view.document.report(path, message, "write form: instead of body:")


def _check_form(view: PlanView, name: str, action: dict[str, Any]) -> None:
    """A file in a form without parts."""
    for pattern in (("form", EACH), ("form", EACH, EACH)):
        for path, value in places(action, *pattern):
            if isinstance(value, dict) and "file" in value and not value.keys() - {"file", "content_type", "filename"}:
                view.document.report(
                    ("actions", name, *path), "a form holds no files", "write multipart: instead of form:"
                )


def _check_upload(view: PlanView, name: str, action: dict[str, Any]) -> None:
    key = next((key for key in UPLOADS if action.get(key) is not None), None)
    if key is None:
        return
    method = action.get("method", "GET")
    if isinstance(method, str) and method.upper() in WITHOUT_BODY:
        place = ("actions", name, "method") if "method" in action else ("actions", name, key)
        view.document.report(place, f"{method.upper()} sends no {key}", "add method: POST (or PUT)")
    headers = [header for header in mapping_at(action, "headers") if header.lower() == "content-type"]
    if key == "multipart" and headers:
        message = "the Content-Type of multipart names its boundary, so Gradual writes it; leave this header out"
        view.document.report(("actions", name, "headers", headers[0]), message)
    if key == "multipart" and action[key] == {}:
        view.document.report(
            ("actions", name, key),
            "a multipart body without parts",
            f"allowed: {listed(['name: text', 'name: {file: path}'])}",
        )


def content_type_of(owner: dict[str, Any]) -> str:
    """The Content-Type among the headers of an action, a service or the config, or nothing."""
    headers = mapping_at(owner, "headers").items()
    return next((str(value).lower() for name, value in headers if name.lower() == "content-type"), "")
