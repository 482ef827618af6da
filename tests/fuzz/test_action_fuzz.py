"""No content of a response or of a data row causes an internal failure.

Whole actions run on the real engine: templates in every place, assertions and extractions of every kind, cookies and
redirects, with responses of random bytes. `make test` runs the same 2,000 plans every time, `make fuzz` 100,000 random
ones; each gets about seven responses.
"""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from random_inputs import InputGenerator
from simulated_user import SimulatedUser

from gradual_agent.http.response import Response
from gradual_agent.kinds import assertions
from gradual_agent.kinds.http import request_template
from gradual_common.errors import GradualError
from gradual_common.kinds import content, expressions
from gradual_common.kinds.values import lookups

DEFAULT_NUMBER = 2000
NUMBER = int(os.environ.get("GRADUAL_FUZZ", DEFAULT_NUMBER))
MAX_RUNS_UNTIL_CAUGHT = 500


def perform(seed: int) -> int:
    """The number of actions that the plan of this seed performed; 0 if the plan is invalid."""
    document, rows, responses = InputGenerator(Random(seed)).input()
    try:
        user = SimulatedUser(document, responses, rows)
    except (ValidationError, GradualError):
        return 0
    user.check(user.run())
    return user.samples


@settings(
    max_examples=NUMBER,
    derandomize=NUMBER == DEFAULT_NUMBER,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 2**64 - 1))
def test_no_response_and_no_row_causes_a_failure_that_is_internal(seed: int) -> None:
    perform(seed)


def compile_without_checks(expression: str) -> Callable[[Any], Any]:
    """JMESPath without the checks of Gradual."""
    return expressions.jmespath.compile(expression).search


MUTATIONS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "what JMESPath raises": lambda: patch.object(lookups, "Query", compile_without_checks),
    "values that cannot be compared": lambda: patch.object(assertions, "UNEVALUABLE", (GradualError,)),
    "bodies that are not JSON": lambda: patch.object(content, "_read_json", content.json.loads),
    "values that JSON does not know": lambda: patch.object(
        request_template, "encode_json", lambda value: json.dumps(value).encode()
    ),
    "bytes that are not text": lambda: patch.object(
        Response, "text", property(lambda response: response.body.decode(response.charset))
    ),
}
"""What a check protects against: a patch that removes the check."""


@pytest.mark.parametrize("check", MUTATIONS)
def test_the_fuzz_finds_a_missing_check(check: str) -> None:
    """Without any one of these checks the fuzz fails within a bounded number of inputs."""

    def fuzz() -> None:
        for seed in range(MAX_RUNS_UNTIL_CAUGHT):
            perform(seed)

    with MUTATIONS[check](), pytest.raises(AssertionError, match="is internal"):
        fuzz()
