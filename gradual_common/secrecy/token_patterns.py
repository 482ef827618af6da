"""Credentials that are recognised by their own form, in any text: webhooks, bearer tokens, private keys.

The address of a webhook works like a password: everybody who knows it may post. Webhooks of well-known services are
recognised by their host, others by a path such as `/hooks/` and a long random part after it.
"""

from __future__ import annotations

import re
from base64 import b64decode

from gradual_common.secrecy.field_names import MASK

_SLASH = r"(?:\\{0,8}/|%(?:25)?2[Ff])"
_REST = r"""(?:[^\s"'<>\\()]|\\{1,8}/)+"""
_HOSTS = "|".join(
    [
        r"hooks\.slack(?:-gov)?\.com",
        r"[\w.-]{0,80}\bwebhook\.office\.com",
        rf"outlook\.office(?:365)?\.com{_SLASH}webhook",
        r"[\w.-]{0,80}\blogic\.azure\.(?:com|us)",
        r"[\w.-]{0,80}\bapi\.powerplatform\.com",
        rf"discord(?:app)?\.com{_SLASH}api{_SLASH}(?:v\d+{_SLASH})?webhooks",
        rf"api\.telegram\.org{_SLASH}(?:file{_SLASH})?bot",
        rf"chat\.googleapis\.com{_SLASH}v1{_SLASH}spaces",
        r"hooks\.zapier\.com",
        r"hook\.(?:\w+\.)?make\.com",
        r"maker\.ifttt\.com",
        rf"events\.pagerduty\.com{_SLASH}integration",
        rf"webexapis\.com{_SLASH}v1{_SLASH}webhooks{_SLASH}incoming",
    ]
)
_WEBHOOK = re.compile(
    rf"(?P<known>(?i:{_HOSTS})(?::\d{{1,5}})?{_SLASH}?)(?P<rest>{_REST})"
    rf"|(?P<path>{_SLASH}(?i:(?:web)?hooks?|webhookb2|incoming){_SLASH})(?P<random>(?=[\w-]{{0,64}}\d)[\w-]{{16,}}{_REST}?(?=$|[\s\"'<>()]))"
)
_BEARER = re.compile(r"(?i:\b(Bearer)(?: |\+|%20))(?=[\w.~+/=-]{0,200}\d|[\w.~+/=-]{20})[\w.~+/=%-]{4,}")
_BASIC = re.compile(r"(?i:\b(Basic)(?: |\+|%20))([A-Za-z0-9+/]{4,}={0,2})")
_ANSWER = re.compile(r"""(?i:\b(response(?:=|%3D)(?:\\{0,8}["']|&quot;|%22)?))[0-9a-fA-F]{32,128}(?![0-9a-zA-Z])""")
"""The hash in an answer to a Digest challenge (RFC 7616, 3.4.1): a weak password can be guessed from it."""
_TOKEN = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|xapp-|sk-(?:proj-|ant-)?|[sr]k_(?:live|test)_|npm_|pypi-)[\w-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)"
)
_HOOK_MARKS = ("hook", "azure.", "powerplatform", "telegram", "googleapis", "ifttt", "pagerduty", "incoming")
_TOKEN_MARKS = ("eyJ", "AKIA", "PRIVATE KEY", "github_pat_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "glpat-",
                "npm_", "pypi-", "sk-", "k_live_", "k_test_", "xapp-", "xox")  # fmt: skip
"""Every text that matches a pattern holds one of these marks. To search for the marks is much faster."""


def hide_tokens(text: str) -> str:
    """The text without what is a credential by its form."""
    lower = text.lower()
    if any(mark in lower for mark in _HOOK_MARKS):
        text = _WEBHOOK.sub(rf"\g<known>\g<path>{MASK}", text)
    if "bearer" in lower:
        text = _BEARER.sub(rf"\1 {MASK}", text)
    if "basic" in lower:
        text = _BASIC.sub(_hide_basic, text)
    if "response" in lower:
        text = _ANSWER.sub(rf"\1{MASK}", text)
    return _TOKEN.sub(MASK, text) if any(mark in text for mark in _TOKEN_MARKS) else text


def webhooks_in(text: str) -> list[str]:
    """The secret parts of the webhooks in a text: all after the host, all after the next slash, and the last part."""
    # A message may quote any of these without the host (`path: /T0/B0/xyz`), so each is masked as a value of its own.
    if not any(mark in text.lower() for mark in _HOOK_MARKS):
        return []
    rests = [match["rest"] or match["random"] for match in _WEBHOOK.finditer(text)]
    parts = (part for rest in rests for part in (rest, rest.partition("/")[2], rest.rpartition("/")[2]))
    return list(dict.fromkeys(filter(None, parts)))


def basic_credentials(token: str) -> str | None:
    """`user:password` of a basic credential; None if the token is not one."""
    try:
        text = b64decode(token, validate=True).decode("utf-8")
    except ValueError:
        return None
    return text if ":" in text and text.isprintable() else None


def _hide_basic(match: re.Match[str]) -> str:
    return match[0] if basic_credentials(match[2]) is None else f"{match[1]} {MASK}"
