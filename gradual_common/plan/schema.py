"""The JSON Schema of plans as they are written, for editors (`gradual schema`).

Pydantic's own schema would describe what the model holds: nanoseconds, normalised assertions. So each key is described
here; which keys there are and which are required is the model's to say, and a test holds both together.
"""

from __future__ import annotations

from typing import Any

from gradual_common.kinds.http.model import ActionSpec
from gradual_common.language.model import Model
from gradual_common.net.tls_settings import Tls
from gradual_common.plan.model.config import Config, Phase
from gradual_common.plan.model.groups import DataSet, Step, UserGroup
from gradual_common.plan.model.plan import Plan, SecretSource, Threshold
from gradual_common.plan.model.ramps import AdditiveRamp, LevelsRamp, LinearRamp, MultiplicativeRamp, RampLevel
from gradual_common.plan.schema_parts import (
    ANYTHING,
    ASSERTION,
    BARE_DURATION,
    BESIDE,
    BOOLEAN,
    COUNT,
    DURATION,
    EXTRACTION,
    MULTIPLIER,
    NAME,
    POSITIVE_COUNT,
    RAMP,
    SCALAR,
    SHARE,
    TEXT,
    THINK_TIME,
    Fragment,
    list_of,
    mapping_of,
    one_of,
    reference,
)

COOKIES = one_of("per_user", "per_iteration")
CONNECTIONS = one_of("keep_alive", "per_iteration", "close")

Key = tuple[Fragment, str]
"""How the value looks, and what it means."""

RAMPED: dict[str, Key] = {
    "ramp_up": (RAMP, "How the number of users rises: a strategy alone, or a mapping with it."),
    "ramp_config": (BESIDE, "The ramp as a mapping; its strategy must agree with ramp_up."),
    "ramp": (RAMP, "Another name for ramp_up."),
}

REQUESTS: dict[str, Key] = {
    "headers": (mapping_of(SCALAR), "Headers by name; templates are allowed."),
    "timeout": (DURATION, "For the whole action, with a unit; 30s unless said."),
    "connect_timeout": (DURATION, "For DNS, TCP and TLS, with a unit; 10s unless said."),
    "follow_redirects": (COUNT, "How many redirects are followed; 10 unless said, 0 is off."),
    "tls": (reference("Tls"), "TLS of the connections."),
}

KEYS: dict[type[Model], dict[str, Key]] = {
    Plan: {
        "config": (reference("Config"), "What the run is."),
        "users": (list_of(reference("UserGroup"), 1), "The user groups; their order is that of the slots."),
        "actions": (mapping_of(reference("ActionSpec")), "What is sent and asserted, by name."),
        "data": (mapping_of(reference("WrittenDataSet")), "Data sets for all groups, by the name in templates."),
        "thresholds": (list_of(reference("WrittenThreshold")), 'Objectives, such as "p95(login) < 500ms".'),
        "secrets": (mapping_of(reference("SecretSource")), "Read by the master, masked everywhere."),
        "reporters": (
            mapping_of({"type": "string", "minLength": 1}),
            "Names for reporters of your own, file.py:Class or package.module:Class, to be chosen with -o NAME.",
        ),
    },
    Config: {
        **RAMPED,
        **REQUESTS,
        "name": (NAME, "What the results call the run."),
        "base_url": (TEXT, "Put before every url that begins with /."),
        "duration": (BARE_DURATION, "From the first user to the last; a bare number is seconds."),
        "phases": (list_of(reference("Phase"), 1), "Stretches of the run with a duration and a ramp each."),
        "graceful_stop": (DURATION, "How long a request in flight may take at the end; 30s unless said."),
        "seed": (COUNT, "Fixes every random draw; chosen anew for each run unless said."),
        "think_time": (THINK_TIME, "After every step that says nothing else."),
        "cookies": (COOKIES, "Whether cookies outlive the iteration."),
        "connections": (CONNECTIONS, "How long a user's connections live."),
    },
    Phase: {
        **RAMPED,
        "name": (NAME, "Its name in results."),
        "duration": (BARE_DURATION, "A bare number is seconds."),
        "pause_before": (BARE_DURATION, "No users for so long before the phase."),
        "warm_up": (BOOLEAN, "Keeps the phase out of totals and objectives."),
        "users": (mapping_of(COUNT), "Concurrency by group, instead of the groups' own."),
    },
    UserGroup: {
        **RAMPED,
        "name": (NAME, "Its name in results."),
        "concurrency": (COUNT, "Users at the full ramp."),
        "behavior": (list_of(reference("WrittenStep"), 1), "The steps of one iteration, repeated."),
        "on_start": (list_of(reference("WrittenStep")), "Steps when a user begins."),
        "on_stop": (list_of(reference("WrittenStep")), "Steps when a user is told to stop."),
        "data": (mapping_of(reference("WrittenDataSet")), "Data sets by their name in templates."),
        "think_time": (THINK_TIME, "After every step that says nothing else."),
        "pacing": (BARE_DURATION, "Starts iterations at this cadence."),
        "iterations": (POSITIVE_COUNT, "A slot ends for good after so many."),
        "stop_at": (one_of("request", "iteration"), "What a user that is told to stop may finish."),
        "cookies": (COOKIES, "Whether cookies outlive the iteration."),
        "connections": (CONNECTIONS, "How long a user's connections live."),
    },
    Step: {
        "action": (NAME, "An entry of actions."),
        "name": (NAME, "What results call the step; the action's name unless said."),
        "think_time": (THINK_TIME, "The wait after the action."),
        "condition": (TEXT, "An expression; the step is skipped where it is false."),
        "success_rate": (SHARE, "An objective: the share of its samples that succeed."),
        "on_failure": (one_of("continue"), "What a failure leads to."),
    },
    DataSet: {
        "file": (NAME, "CSV, JSON or JSON Lines; relative to the plan."),
        "pick": (one_of("unique", "sequential", "random"), "Which row a slot gets; unique unless said."),
        "per": (one_of("user"), "How long a row is held."),
        "on_exhausted": (one_of("stop", "recycle", "abort"), "What happens when the rows are used up."),
        "delimiter": ({"type": "string", "minLength": 1, "maxLength": 1}, "Of a CSV file; a comma unless said."),
        "encoding": (TEXT, "utf-8 unless said."),
    },
    ActionSpec: {
        **REQUESTS,
        "method": (TEXT, "GET unless said."),
        "url": (NAME, "A path after base_url, or an absolute URL; templates are allowed."),
        "query": (mapping_of(ANYTHING), "Encoded into the URL; lists repeat."),
        "body": (ANYTHING, "A mapping or list is sent as JSON, a text as it is."),
        "form": (mapping_of(ANYTHING), "Sent as application/x-www-form-urlencoded."),
        "assertions": ({"anyOf": [list_of(ASSERTION), ASSERTION]}, "What must hold of the response."),
        "extract": (mapping_of(EXTRACTION), "Variables from the response."),
        "max_body": (POSITIVE_COUNT, "The most bytes of a response body."),
    },
    Tls: {
        "verify": (BOOLEAN, "Whether the server's certificate is checked."),
        "ca": (TEXT, "A file with the certificates to trust."),
        "cert": (TEXT, "The client's certificate."),
        "key": (TEXT, "The client's key; in the file of cert unless said."),
        "passphrase": (TEXT, "Opens the key; {{secrets.NAME}} or a text."),
        "server_name": (TEXT, "Instead of the URL's host."),
    },
    Threshold: {
        "rule": (TEXT, "stat(scope) op limit."),
        "name": (NAME, "Its name in results."),
        "severity": (one_of("fail", "warn"), "Whether the run fails by it."),
    },
    SecretSource: {"env": (NAME, "An environment variable."), "file": (NAME, "A file.")},
    AdditiveRamp: {
        "strategy": ({"const": "additive"}, "min(max, initial + increment·k)"),
        "initial": (COUNT, "Users at the begin; the increment unless said."),
        "increment": (POSITIVE_COUNT, "Users more after each interval."),
        "interval": (BARE_DURATION, "A bare number is seconds."),
        "max_concurrency": (POSITIVE_COUNT, "All users unless said."),
    },
    MultiplicativeRamp: {
        "strategy": ({"const": "multiplicative"}, "min(max, initial·multiplier^k)"),
        "initial": (POSITIVE_COUNT, "Users at the begin; 1 unless said."),
        "multiplier": (MULTIPLIER, "Above 1; fractions are allowed."),
        "interval": (BARE_DURATION, "A bare number is seconds."),
        "max_concurrency": (POSITIVE_COUNT, "All users unless said."),
    },
    LinearRamp: {
        "strategy": ({"const": "linear"}, "From initial to the maximum."),
        "initial": (COUNT, "Users at the begin; 0 unless said."),
        "over": (BARE_DURATION, "How long it takes; half the phase unless said."),
        "max_concurrency": (COUNT, "All users unless said."),
    },
    LevelsRamp: {
        "strategy": ({"const": "levels"}, "Given levels, up or down."),
        "levels": (list_of(reference("RampLevel"), 1), "One after the other; the last holds to the end."),
    },
    RampLevel: {
        "concurrency": (COUNT, "Users of the level."),
        "for": (BARE_DURATION, "Its length; a bare number is seconds."),
    },
}
"""Every key of every mapping in a plan."""

SHORT_FORMS = {Step: "WrittenStep", DataSet: "WrittenDataSet", Threshold: "WrittenThreshold"}
"""Mappings for which a text may stand."""


def plan_json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    definitions = {entry.__name__: _mapping(entry) for entry in KEYS if entry is not Plan}
    for entry, written in SHORT_FORMS.items():
        definitions[written] = {"anyOf": [NAME, reference(entry.__name__)]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gradual plan",
        **_mapping(Plan),
        "patternProperties": {"^x-": ANYTHING},
        "$defs": definitions,
    }


def _mapping(entry: type[Model]) -> Fragment:
    """The schema of the mapping that a model reads."""
    fields = {field.alias or name: field for name, field in entry.model_fields.items()}
    return {
        "type": "object",
        "description": (entry.__doc__ or "").split("\n")[0],
        "properties": {key: {**fragment, "description": text} for key, (fragment, text) in KEYS[entry].items()},
        "required": [key for key in KEYS[entry] if fields[key].is_required()],
        "additionalProperties": False,
    }
