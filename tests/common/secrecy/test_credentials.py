"""Credentials that are not declared are found where they are written, and hidden in a plan that is shown."""

from base64 import b64encode
from typing import Any

import pytest

from gradual_common.protocol.job import Job, mask_of
from gradual_common.secrecy.credentials import (
    credentials_in,
    credentials_in_fields,
    credentials_in_text,
    is_credential,
    without_credentials,
)

BASIC = b64encode(b"me:hunter2").decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://me:hunter2@host/x", {"me:hunter2", "hunter2"}),
        ("https://t0ken@host/x", {"t0ken"}),
        ("https%3A%2F%2Fme%3Ahunter2%40host", {"me:hunter2", "hunter2"}),
        ("/x?token=a%2Fb&n=1", {"a%2Fb", "a/b"}),
        ('{"password": "a\\"b", "user": "u"}', {'a"b'}),
        ('{"pin": 1234, "cvv": "77"}', {"1234", "77"}),
        (f"Authorization: Basic {BASIC}", {BASIC, "me:hunter2", "hunter2"}),
        ("Authorization: Bearer abc.def", {"abc.def"}),
        ("Cookie: sid=abcd; theme=dark", {"abcd", "dark"}),
        ("https://hooks.slack.com/services/T/B/x1", {"services/T/B/x1", "T/B/x1", "x1"}),
        ("nothing here", set()),
    ],
)
def test_credentials_are_found_in_a_text(text: str, found: set[str]) -> None:
    assert set(credentials_in_text(text)) == found


def test_credentials_are_found_in_header_fields() -> None:
    fields = [("Set-Cookie", "sid=abcd; Path=/; HttpOnly"), ("X-Api-Key", "k3y1"), ("Location", "/?token=abc")]
    assert set(credentials_in_fields(fields)) == {"abcd", "k3y1", "abc"}


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"config": {"headers": {"Authorization": "Bearer abc"}}}, {"abc"}),
        ({"config": {"headers": {"Authorization": "Bearer {{ secrets.T }}"}}}, {""}),
        ({"config": {"base_url": "https://me:hunter2@h"}}, {"me:hunter2", "hunter2"}),
        ({"config": {"name": "https://me:hunter2@h"}}, {"me:hunter2", "hunter2"}),
        ({"config": {"name": "token=abc"}}, set()),
        ({"actions": {"a": {"body": {"password": ["abc", 1234, True]}}}}, {"abc", "1234"}),
        ({"actions": {"a": {"body": {"password": "pre-{{ f('inner') }}"}}}}, {"pre-", "inner", ""}),
        ({"actions": {"a": {"headers": {"Cookie": "sid=abcd"}}}}, {"abcd"}),
        ({"actions": {"a": {"extract": {"token": "json: data.token"}}}}, set()),
        (
            {"actions": {"a": {"kind": "lines", "login": {"password": "abcd"}, "extract": {"token": "json: t"}}}},
            {"abcd"},
        ),
        ({"actions": {"a": {"kind": "http", "login": {"password": "abcd"}}}}, set()),
    ],
)
def test_credentials_are_found_in_a_plan(plan: dict[str, Any], found: set[str]) -> None:
    assert set(credentials_in(plan)) == found


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer {{ secrets.T }}", "Bearer {{ secrets.T }}"),
        ("Bearer abc{{ t }}", "Bearer ***{{ t }}"),
        ("{{ basic_auth('me', 'hunter2') }}", "{{ basic_auth('***', '***') }}"),
        ("{{ secrets['T'] }}:{{ user.x }}", "{{ secrets['T'] }}:{{ user.x }}"),
    ],
)
def test_of_a_value_with_holes_what_is_literal_is_hidden(value: str, shown: str) -> None:
    assert without_credentials({"headers": {"Authorization": value}}) == {"headers": {"Authorization": shown}}


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (("actions", "a", "headers", "Authorization"), True),
        (("actions", "a", "body", 0, "password"), True),
        (("actions", "a", "body", "user"), False),
        (("actions", "token", "url"), False),
        (("config", "name"), False),
    ],
)
def test_a_place_of_a_credential_is_known(path: tuple[str | int, ...], is_one: bool) -> None:
    assert is_credential(path) is is_one


def test_a_job_is_masked_with_all_that_is_known_of_it() -> None:
    document = {"actions": {"a": {"body": {"password": "hunter2"}}}}
    mask = mask_of(Job(document, {}, {"KEY": "s3cret"}, 1, credentials=("brought",)))
    assert mask.hide("hunter2 s3cret brought") == "*** *** ***"
