"""What is a credential by its own form is hidden, and what only looks a little like it stays."""

import time

import pytest

from gradual_common.secrecy.token_patterns import hide_tokens, webhooks_in

HASH = "8ca523f5e9506fed4657c9700eebdbec"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see https://hooks.slack.com/services/T00/B00/abc now", "see https://hooks.slack.com/*** now"),
        (r'"https:\/\/hooks.slack.com\/services\/T00\/B00\/abc"', r'"https:\/\/hooks.slack.com\/***"'),
        ("u=https%3A%2F%2Fhooks.slack.com%2Fservices%2FT00", "u=https%3A%2F%2Fhooks.slack.com%2F***"),
        ("https://corp.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d", "https://corp.webhook.office.com/***"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/a?sig=b", "https://prod-1.westeurope.logic.azure.com:443/***"),
        ("https://discord.com/api/webhooks/123/abc", "https://discord.com/api/webhooks/***"),
        ("https://api.telegram.org/bot12:abc/sendMessage", "https://api.telegram.org/bot***"),
        ("https://chat.googleapis.com/v1/spaces/A/messages?key=b", "https://chat.googleapis.com/v1/spaces/***"),
        ("https://mattermost.corp/hooks/abcd1234efgh5678ijkl", "https://mattermost.corp/hooks/***"),
        ("sent Bearer abc123 to it", "sent Bearer *** to it"),
        ("sent Basic bWU6aHVudGVyMg== to it", "sent Basic *** to it"),
        (f'Digest username="amy", response="{HASH}", nc=1', 'Digest username="amy", response="***", nc=1'),
        (rf'{{"a": "Digest response=\"{HASH}\""}}', r'{"a": "Digest response=\"***\""}'),
        (f"response={HASH * 2}&x=1", "response=***&x=1"),
        (f"response=&quot;{HASH.upper()}&quot;", "response=&quot;***&quot;"),
        (f"got {JWT}, twice", "got ***, twice"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ", "***"),
        ("a -----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- b", "a *** b"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc", "***"),
    ],
)  # fmt: skip
def test_a_credential_is_known_by_its_form(written: str, shown: str) -> None:
    assert hide_tokens(written) == shown


@pytest.mark.parametrize(
    "written",
    [
        "Bearer authentication failed",
        "Basic authentication is needed",
        "/api/webhooks/payments",
        "https://hooks.example/orders",
        "-----BEGIN CERTIFICATE-----",
        "task-0123456789abcdefghij",
        "the response=200, response=abc",
        "response=0123456789abcdef",
    ],
)
def test_what_only_looks_like_one_is_shown(written: str) -> None:
    assert hide_tokens(written) == written


def test_the_secret_part_of_a_webhook_is_found() -> None:
    assert webhooks_in("https://hooks.slack.com/services/T0/B0/abcdef") == [
        "services/T0/B0/abcdef",
        "T0/B0/abcdef",
        "abcdef",
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "hook",
        "/hooks/a1",
        "x.",
        "logic.azure.com",
        "discord.com/api/",
        "Bearer ",
        "Basic ab",
        "eyJ",
        "eyJa.",
        "sk-",
        "-",
    ],
)
def test_a_long_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    written = f"hook bearer basic eyJ {piece * (250_000 // len(piece))}"
    begun = time.process_time()
    hide_tokens(written)
    assert time.process_time() - begun < 5
