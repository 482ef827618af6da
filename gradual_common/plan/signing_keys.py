"""Keys of signatures in templates: one that is written there is a credential, and a secret must fit its algorithm.

So no message and no report shows a key, and no request fails because of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gradual_common.errors import TemplateError
from gradual_common.language.document import Document, Path, texts_in
from gradual_common.secrecy.masking import MIN_CREDENTIAL_LENGTH
from gradual_common.templates.tokens import open_signing_key
from gradual_common.templates.trees import is_template, jwt_secrets, literal_keys

SIGNING = ("hmac", "jwt")
"""The functions that take a key."""


def mask_literal_keys(document: Document) -> None:
    """Let the keys in templates be masked like secrets: `{{ body | hmac('the key') }}`."""
    for _, text in signing_templates(document):
        document.credentials.update(key for key in literal_keys(text) if len(key) >= MIN_CREDENTIAL_LENGTH)


def check_signing_keys(document: Document, secrets: Mapping[str, str]) -> None:
    """Report each secret that cannot sign the JWT in which a template names it."""
    for path, text in signing_templates(document):
        for name, algorithm in _jwt_secrets(text):
            try:
                if name in secrets:
                    open_signing_key(algorithm, secrets[name].encode())
            except TemplateError as error:
                document.report(path, f"secrets.{name}: {error}")


def signing_templates(document: Document) -> Iterator[tuple[Path, str]]:
    """Every text that may be a template with a signature."""
    for path, text in texts_in(document.root):
        if any(function in text for function in SIGNING) and is_template(text):
            yield path, text


def _jwt_secrets(text: str) -> list[tuple[str, str]]:
    try:
        return jwt_secrets(text)
    except TemplateError:
        return []  # The check of templates reports it.
