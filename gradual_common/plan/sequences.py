"""The sequences of a plan: `{{ sequence('invoice') }}` is a number that nothing else in the run gets."""

from __future__ import annotations

import re
from typing import Any

from gradual_common.language.document import texts_in

_CALL = re.compile(r"""\bsequence\(\s*(["'])(.+?)\1""")


def names_of_sequences(document: Any) -> tuple[str, ...]:
    """The sequences that the templates of a plan name: an agent asks for their numbers before they are used."""
    return tuple(sorted({match[2] for _, text in texts_in(document) for match in _CALL.finditer(text)}))
