"""What tests draw first, when these modules are loaded: `python fuzz_draws.py [MODULE...]`.

A process of its own, for Hypothesis never forgets the numbers of a module that was loaded once.
"""

from __future__ import annotations

import hashlib
import importlib
import sys

from fuzz_faults import SEEDS, SEQUENCES
from hypothesis import given, settings
from hypothesis import strategies as st

DRAWS = 200
NEAR = st.lists(st.integers(0, 2**16 - 1), min_size=8, max_size=40)
"""Numbers as modules have them."""


def digest_of(strategy: st.SearchStrategy[object]) -> str:
    """Of all that a test is given first."""
    digest = hashlib.sha256()

    @settings(max_examples=DRAWS, derandomize=True, database=None, deadline=None)
    @given(strategy)
    def draw(drawn: object) -> None:
        digest.update(repr(drawn).encode())

    draw()
    return digest.hexdigest()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
    print(digest_of(st.tuples(SEQUENCES, SEEDS)), digest_of(NEAR))
