"""The sequences of a plan: `{{ sequence('invoice') }}` is a number that nothing else in the run gets."""

from __future__ import annotations

from typing import Any

from gradual_common.language.document import texts_in
from gradual_common.templates.trees import sequences_of


def names_of_sequences(document: Any) -> tuple[str, ...]:
    """The sequences that the templates of a plan name: an agent asks for their numbers before they are used."""
    return tuple(sorted({name for _, text in texts_in(document) for name in sequences_of(text)}))
