"""The values of a plan as JSON Schema fragments: what each may look like as it is written."""

from __future__ import annotations

from typing import Any

from gradual_common.plan.model.ramps import SHORTHANDS
from gradual_common.plan.model.think_time import DISTRIBUTIONS

Fragment = dict[str, Any]

VARIABLE: Fragment = {"type": "string", "pattern": r"\$\{"}
"""`${X}` may stand for any scalar."""

DURATION_PATTERN = r"^(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h)\s*)+$"
TEXT: Fragment = {"type": "string"}
NAME: Fragment = {"type": "string", "minLength": 1}
ANYTHING: Fragment = {}


def either(*fragments: Fragment) -> Fragment:
    """One of them, or a variable."""
    return {"anyOf": [*fragments, VARIABLE]}


def reference(name: str) -> Fragment:
    """A definition by its name."""
    return {"$ref": f"#/$defs/{name}"}


def list_of(fragment: Fragment, least: int = 0) -> Fragment:
    """A list."""
    return {"type": "array", "items": fragment, **({"minItems": least} if least else {})}


def mapping_of(fragment: Fragment) -> Fragment:
    """A mapping from names."""
    return {"type": "object", "additionalProperties": fragment}


def one_of(*values: str) -> Fragment:
    """A choice of words."""
    return {"type": "string", "enum": list(values)}


SCALAR: Fragment = {"type": ["string", "number", "boolean"]}
BOOLEAN = either({"type": "boolean"})
COUNT = either({"type": "integer", "minimum": 0})
POSITIVE_COUNT = either({"type": "integer", "minimum": 1})
DURATION = either({"type": "string", "pattern": DURATION_PATTERN})
BARE_DURATION = either({"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": DURATION_PATTERN})
MULTIPLIER = either({"type": "number", "exclusiveMinimum": 1})
SHARE = either(
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}
)
WAIT = {"type": ["string", "number"], "minimum": 0}
THINK_TIME: Fragment = {
    "anyOf": [
        {**WAIT, "examples": ["3s", "2-5s"]},
        {
            "type": "object",
            "properties": {
                "distribution": one_of(*DISTRIBUTIONS),
                **dict.fromkeys(("low", "high", "mean", "stddev", "max"), WAIT),
            },
            "required": ["distribution"],
            "additionalProperties": False,
        },
    ]
}
RAMP_MODELS = ("AdditiveRamp", "MultiplicativeRamp", "LinearRamp", "LevelsRamp")
RAMP = either(one_of(*SHORTHANDS, "linear"), *(reference(name) for name in RAMP_MODELS))
BESIDE: Fragment = {"type": ["object", "string"]}
"""`ramp_config` may leave the strategy to `ramp_up`, so it is no complete ramp of itself."""

COMPARISON: Fragment = {"type": ["string", "object", "integer"]}
ASSERTION: Fragment = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "status_code": {"type": ["integer", "string", "array"], "examples": [200, [200, 201], "2xx"]},
        "response_time": {"type": ["string", "object"], "examples": ["< 500ms"]},
        "header": {"type": ["string", "object"], "examples": [{"name": "Content-Type", "contains": "json"}]},
        "body_contains": TEXT,
        "body_matches": {"type": "string", "format": "regex"},
        "json": {"type": ["string", "object"], "examples": ["data.total > 5"]},
        "body_size": {**COMPARISON, "examples": ["> 100", "< 10KB"]},
    },
}
SOURCE: Fragment = {"type": "string", "pattern": "^(json|regex|header|cookie):"}
EXTRACTION: Fragment = {
    "anyOf": [
        SOURCE,
        {
            "type": "object",
            "properties": {"from": SOURCE, "default": ANYTHING},
            "required": ["from"],
            "additionalProperties": False,
        },
    ]
}
