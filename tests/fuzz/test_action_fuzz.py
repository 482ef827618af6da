"""Nothing that a response or a data row can hold leads to a failure that nobody foresaw.

Whole actions on the real engine: templates in every place, assertions and extractions of every kind, cookies and
redirects; against bytes of every sort. `make test` tries the same 2,000 plans every time, `make fuzz` 100,000 of its
own; each is performed with some seven responses.
"""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from action_draws import Draws
from action_stage import ActionStage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gradual_agent.http.response import Response
from gradual_agent.kinds import assertions, extraction
from gradual_agent.kinds.http import request_template
from gradual_common.errors import GradualError
from gradual_common.kinds import content, expressions

USUAL = 2000
NUMBER = int(os.environ.get("GRADUAL_FUZZ", USUAL))
MAX_RUNS_UNTIL_CAUGHT = 500


def perform(seed: int) -> int:
    """How many samples the plan of this seed came to; 0 for one that validate refuses."""
    document, rows, answers = Draws(Random(seed)).input()
    try:
        stage = ActionStage(document, answers, rows)
    except (ValidationError, GradualError):
        return 0
    stage.check(stage.run())
    return stage.samples


@settings(
    max_examples=NUMBER,
    derandomize=NUMBER == USUAL,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 2**64 - 1))
def test_nothing_that_a_response_or_a_row_holds_is_internal(seed: int) -> None:
    perform(seed)


def naive(expression: str) -> Callable[[Any], Any]:
    """JMESPath as the library has it."""
    return expressions.jmespath.compile(expression).search


MUTATIONS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "what JMESPath raises": lambda: patch.object(extraction, "Query", naive),
    "values that cannot be compared": lambda: patch.object(assertions, "UNEVALUABLE", (GradualError,)),
    "bodies that are not JSON": lambda: patch.object(content, "_read_json", content.json.loads),
    "values that JSON does not know": lambda: patch.object(
        request_template, "encode_json", lambda value: json.dumps(value).encode()
    ),
    "bytes that are no text": lambda: patch.object(
        Response, "text", property(lambda response: response.body.decode(response.charset))
    ),
}
"""Guards taken away, one at a time."""


@pytest.mark.parametrize("guard", MUTATIONS)
def test_a_guard_that_is_missing_is_found(guard: str) -> None:
    """The fuzz proves something: without any of these it fails within a bounded number of inputs."""

    def fuzz() -> None:
        for seed in range(MAX_RUNS_UNTIL_CAUGHT):
            perform(seed)

    with MUTATIONS[guard](), pytest.raises(AssertionError, match="is internal"):
        fuzz()
