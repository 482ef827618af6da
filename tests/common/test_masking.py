"""Secrets are masked in every form in which they are written."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest

from gradual_common.masking import Mask, without_credentials

SECRET = 'k"ö y/1'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote_plus(SECRET),
        'k\\"ö y/1',
        'k\\"\\u00f6 y/1',
    ],
)
def test_a_secret_is_masked_as_it_is_in_json_and_in_urls(form: str) -> None:
    assert Mask([SECRET]).hide(f"<{form}>") == "<***>"


def test_a_secret_in_basic_credentials_is_masked_and_other_credentials_stay() -> None:
    hidden = b64encode(f"me:{SECRET}".encode()).decode()
    public = b64encode(b"me:public").decode()
    mask = Mask([SECRET])
    assert mask.hide(f"Authorization: Basic {hidden}") == "Authorization: Basic ***"
    assert mask.hide(f"Authorization: Basic {public}") == f"Authorization: Basic {public}"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Mask(["abcd", "abcdefgh"]).hide("abcdefgh abcd") == "*** ***"


def test_without_secrets_nothing_changes() -> None:
    assert Mask([]).hide("Basic YWJjZA== and more") == "Basic YWJjZA== and more"


def test_literal_credentials_are_masked_where_something_is_sent() -> None:
    document = {
        "config": {"headers": {"Authorization": "Bearer abc", "X-Api-Key": "k", "Accept": "*/*"}},
        "actions": {
            "login": {
                "url": "/token",
                "body": {"user": "u", "password": "hunter2", "pin": 1234, "nested": [{"secret": "{{ user.s }}"}]},
                "extract": {"token": "$.token"},
            }
        },
    }
    assert without_credentials(document) == {
        "config": {"headers": {"Authorization": "***", "X-Api-Key": "***", "Accept": "*/*"}},
        "actions": {
            "login": {
                "url": "/token",
                "body": {"user": "u", "password": "***", "pin": "***", "nested": [{"secret": "{{ user.s }}"}]},
                "extract": {"token": "$.token"},
            }
        },
    }
