"""Texts that authenticate. No message of a mistake shows one of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def read_credential(value: Any) -> Any:
    """A text; what was found instead is not shown, as it may be secret."""
    if isinstance(value, bool | int | float):
        raise ValueError('this is not text; put it into quotes, or use "{{secrets.NAME}}"')
    if not isinstance(value, str):
        raise ValueError('text is expected, such as "{{secrets.NAME}}"')
    return value


Credential = Annotated[str, Field(min_length=1), BeforeValidator(read_credential)]
"""A text that is not empty; templates are allowed."""

CredentialOrNothing = Annotated[str, BeforeValidator(read_credential)]
"""A text, which may be empty; templates are allowed."""
