"""The JSON schema of `gradual.summary/1`, key by key as docs/design/results.md lists them, and just enough to check it.

Understood are `type` (one or several), `properties` (all required, no others), `values` (of a mapping), `items`,
`enum`. Every number must be finite.
"""

import math
from typing import Any

Schema = dict[str, Any]

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}

TEXT: Schema = {"type": ["string"]}
COUNT: Schema = {"type": ["integer"]}
NUMBER: Schema = {"type": ["number"]}
FLAG: Schema = {"type": ["boolean"]}


def maybe(schema: Schema) -> Schema:
    return {**schema, "type": [*schema["type"], "null"]}


def record(**properties: Schema) -> Schema:
    return {"type": ["object"], "properties": properties}


def rows(**properties: Schema) -> Schema:
    return {"type": ["array"], "items": record(**properties)}


def mapping(values: Schema) -> Schema:
    return {"type": ["object"], "values": values}


def texts() -> Schema:
    return {"type": ["array"], "items": TEXT}


TIMES = record(
    count=COUNT, **{name: maybe(NUMBER) for name in ("min", "mean", "p50", "p90", "p95", "p99", "p99_9", "max")}
)
ANYTHING: Schema = {"type": ["object", "null"]}

FIELDS: Schema = {"type": ["array"], "items": texts()}

ERROR_SAMPLES = rows(
    group=TEXT,
    step=TEXT,
    action=TEXT,
    service=maybe(TEXT),
    kind=TEXT,
    picked={"type": ["string"], "enum": ["first", "random"]},
    at_s=NUMBER,
    agent=TEXT,
    slot=COUNT,
    detail=TEXT,
    request=maybe(record(method=TEXT, url=TEXT, headers=FIELDS, body=TEXT, body_bytes=COUNT)),
    response=maybe(record(status_code=COUNT, headers=FIELDS, body=maybe(TEXT), body_bytes=maybe(COUNT))),
    curl=maybe(TEXT),
    trace_id=maybe(TEXT),
)

OBJECTIVES = rows(
    name=TEXT,
    rule=TEXT,
    scope=TEXT,
    observed=maybe(NUMBER),
    limit=NUMBER,
    unit={"type": ["string"], "enum": ["ms", "%", "/s", ""]},
    samples=COUNT,
    severity={"type": ["string"], "enum": ["fail", "warn"]},
    passed=maybe(FLAG),
    first_failed_at_s=maybe(NUMBER),
    worst=maybe(NUMBER),
    reason=maybe(TEXT),
)

LITTLES_LAW = record(
    unaccounted=maybe(NUMBER),
    active_user_s=NUMBER,
    in_request_user_s=NUMBER,
    thinking_user_s=NUMBER,
    unattended_user_s=NUMBER,
    levels=rows(phase=TEXT, start_s=NUMBER, end_s=NUMBER, unaccounted=maybe(NUMBER)),
    window_s=NUMBER,
    windows=COUNT,
    flagged=COUNT,
    worst=rows(agent=TEXT, start_s=NUMBER, end_s=NUMBER, active_user_s=NUMBER, unaccounted=NUMBER),
)

CLOSED_MODEL = maybe(record(users=NUMBER, think_s=NUMBER, longest_s=NUMBER))

ESTIMATE = maybe(record(value=NUMBER, low=maybe(NUMBER), high=maybe(NUMBER)))

SCALABILITY = record(
    reason=maybe(TEXT),
    weighting=TEXT,
    levels=COUNT,
    values=COUNT,
    users_min=maybe(NUMBER),
    users_max=maybe(NUMBER),
    gamma=ESTIMATE,
    alpha=ESTIMATE,
    beta=ESTIMATE,
    n_peak=ESTIMATE,
    x_peak=ESTIMATE,
    peak=maybe(TEXT),
    peak_reached=maybe(FLAG),
    model=maybe(TEXT),
    aicc=maybe(NUMBER),
    models=rows(name=TEXT, gamma=NUMBER, alpha=NUMBER, beta=NUMBER, aicc=maybe(NUMBER), weight=maybe(NUMBER)),
    r_squared=maybe(NUMBER),
    residuals=rows(users=NUMBER, throughput_rps=NUMBER, fitted_rps=NUMBER, residual_rps=NUMBER),
    band=rows(users=NUMBER, throughput_rps=NUMBER, low_rps=maybe(NUMBER), high_rps=maybe(NUMBER)),
    bounds=maybe(
        record(
            cycle_s=NUMBER,
            demand_s=maybe(NUMBER),
            think_s=maybe(NUMBER),
            max_throughput_rps=NUMBER,
            saturated=FLAG,
            n_star=maybe(NUMBER),
            assumptions=texts(),
        )
    ),
    notes=texts(),
)

ACTIONS = rows(
    group=TEXT,
    step=TEXT,
    action=TEXT,
    service=maybe(TEXT),
    tags=mapping(TEXT),
    requests=COUNT,
    failures=COUNT,
    success_rate=maybe(NUMBER),
    sent=COUNT,
    unsent=COUNT,
    interrupted=COUNT,
    skipped=COUNT,
    errors=mapping(COUNT),
    status_codes=mapping(COUNT),
    assertions=rows(assertion=TEXT, passed=COUNT, failed=COUNT),
    response_time_ms=TIMES,
    ok_response_time_ms=TIMES,
    exchange_ms=TIMES,
    ttfb_ms=TIMES,
    histogram={"type": ["object"]},
)

TRANSACTIONS = rows(
    group=TEXT,
    transaction=TEXT,
    count=COUNT,
    failures=COUNT,
    success_rate=maybe(NUMBER),
    errors=mapping(COUNT),
    duration_ms=TIMES,
    ok_duration_ms=TIMES,
    histogram={"type": ["object"]},
)

ERRORS = rows(
    group=TEXT,
    step=TEXT,
    action=TEXT,
    service=maybe(TEXT),
    kind=TEXT,
    status_code=maybe(COUNT),
    label=TEXT,
    count=COUNT,
    share=maybe(NUMBER),
    first_s=NUMBER,
    last_s=NUMBER,
    cause=maybe(TEXT),
    example=maybe(TEXT),
)

ONCE = record(
    status={"type": ["string"], "enum": ["passed", "failed", "not performed"]},
    agent=maybe(TEXT),
    duration_s=maybe(NUMBER),
    reason=maybe(TEXT),
    actions=ACTIONS,
    transactions=TRANSACTIONS,
    errors=ERRORS,
    error_samples=ERROR_SAMPLES,
)

SUMMARY = record(
    schema={"type": ["string"], "enum": ["gradual.summary/1"]},
    run=record(
        id=TEXT,
        name=TEXT,
        started_at=TEXT,
        finished_at=TEXT,
        duration_s=NUMBER,
        measured_s=NUMBER,
        plan_sha256=TEXT,
        load_sha256=TEXT,
        version=TEXT,
        seed=COUNT,
        tags=mapping(TEXT),
        command=TEXT,
        profile=maybe(TEXT),
        base_urls=texts(),
        git=ANYTHING,
        fingerprint=ANYTHING,
        exit_code=COUNT,
    ),
    verdict=record(
        status={"type": ["string"], "enum": ["passed", "failed", "invalid", "interrupted"]},
        code=COUNT,
        reasons=texts(),
        warnings=texts(),
        objectives=OBJECTIVES,
    ),
    totals=record(
        requests=COUNT,
        failures=COUNT,
        unsent=COUNT,
        interrupted=COUNT,
        skipped=COUNT,
        sent=COUNT,
        warm_up_sent=COUNT,
        setup_sent=COUNT,
        hops=COUNT,
        retried=COUNT,
        resent=COUNT,
        further=COUNT,
        auth_sent=COUNT,
        iterations=COUNT,
        bytes_sent=COUNT,
        bytes_received=COUNT,
        error_rate=maybe(NUMBER),
        throughput_rps=maybe(NUMBER),
        request_rate_rps=maybe(NUMBER),
        response_time_ms=TIMES,
        ok_response_time_ms=TIMES,
        exchange_ms=TIMES,
        ttfb_ms=TIMES,
        connect_ms=TIMES,
    ),
    actions=ACTIONS,
    setup=maybe(ONCE),
    teardown=maybe(ONCE),
    transactions=TRANSACTIONS,
    groups=rows(
        name=TEXT,
        users_target=COUNT,
        users_mean=maybe(NUMBER),
        users_max=NUMBER,
        iterations=COUNT,
        iteration_ms=TIMES,
        iteration_from_due_ms=TIMES,
    ),
    data=rows(name=TEXT, rows=COUNT, handed_out=COUNT, used=COUNT, lost=COUNT, exhausted=FLAG),
    watches=rows(
        name=TEXT,
        unit=TEXT,
        count=COUNT,
        gaps=COUNT,
        mean=maybe(NUMBER),
        min=maybe(NUMBER),
        p95=maybe(NUMBER),
        max=maybe(NUMBER),
        failed_since_s=maybe(NUMBER),
        reason=maybe(TEXT),
    ),
    metrics=rows(
        name=TEXT,
        type=TEXT,
        unit=TEXT,
        resolution=NUMBER,
        count=COUNT,
        sum=maybe(NUMBER),
        rate=maybe(NUMBER),
        mean=maybe(NUMBER),
        min=maybe(NUMBER),
        p50=maybe(NUMBER),
        p90=maybe(NUMBER),
        p95=maybe(NUMBER),
        p99=maybe(NUMBER),
        max=maybe(NUMBER),
        missing=COUNT,
        out_of_range=COUNT,
    ),
    phases=rows(
        name=TEXT,
        start_s=NUMBER,
        end_s=NUMBER,
        warm_up=FLAG,
        requests=COUNT,
        failures=COUNT,
        error_rate=maybe(NUMBER),
        throughput_rps=maybe(NUMBER),
        request_rate_rps=maybe(NUMBER),
        response_time_ms=TIMES,
    ),
    levels=rows(
        phase=TEXT,
        start_s=NUMBER,
        end_s=NUMBER,
        steady_from_s=maybe(NUMBER),
        not_steady=texts(),
        needed_s=maybe(NUMBER),
        target=NUMBER,
        users_mean=maybe(NUMBER),
        in_flight_mean=maybe(NUMBER),
        thinking_mean=maybe(NUMBER),
        missing_user_s=NUMBER,
        throughput_rps=maybe(NUMBER),
        request_rate_rps=maybe(NUMBER),
        requests=COUNT,
        failures=COUNT,
        response_time_ms=TIMES,
        warm_up=FLAG,
        marks=texts(),
        failing=texts(),
        failing_always=texts(),
        watch=mapping(maybe(NUMBER)),
        blocks=rows(
            start_s=NUMBER,
            end_s=NUMBER,
            requests=COUNT,
            failures=COUNT,
            throughput_rps=NUMBER,
            mean_ms=maybe(NUMBER),
            p50_ms=maybe(NUMBER),
            p95_ms=maybe(NUMBER),
            p99_ms=maybe(NUMBER),
        ),
    ),
    fleet=record(
        scheduled_user_s=NUMBER,
        missing_user_s=NUMBER,
        late_starts=COUNT,
        moves=COUNT,
        resent_batches=COUNT,
        late_batches=COUNT,
        dropped_batches=COUNT,
        begun=COUNT,
        merged=COUNT,
        level_spread_ms=NUMBER,
        intervals=COUNT,
        saturated_intervals=COUNT,
    ),
    agents=rows(
        id=TEXT,
        name=TEXT,
        host=TEXT,
        requests=COUNT,
        begun=COUNT,
        merged=COUNT,
        cpu_p95=maybe(NUMBER),
        loop_lag_ms_p99=maybe(NUMBER),
        start_lag_ms_p99=maybe(NUMBER),
        saturated=maybe(COUNT),
        lost=FLAG,
        left=FLAG,
        clock_offset_ms=maybe(NUMBER),
    ),
    errors=ERRORS,
    error_samples=ERROR_SAMPLES,
    analysis=record(
        answer=texts(),
        littles_law=LITTLES_LAW,
        closed_model=CLOSED_MODEL,
        scalability=maybe(SCALABILITY),
        capacity=ANYTHING,
    ),
    comparison=maybe(record(baseline=TEXT, result=ANYTHING, refusals=texts(), notes=texts())),
    quantile_error=NUMBER,
)


def violations(value: Any, schema: Schema, path: str = "$") -> list[str]:
    """Everything in `value` that the schema does not allow, each with its path."""
    if not any(_is(value, name) for name in schema["type"]):
        return [f"{path}: {value!r} is none of {schema['type']}"]
    found = []
    if isinstance(value, float) and not math.isfinite(value):
        found.append(f"{path}: {value} is not finite")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is none of {schema['enum']}")
    if "properties" in schema and value is not None:
        properties = schema["properties"]
        found += [f"{path}: {key} is missing" for key in properties.keys() - value.keys()]
        found += [f"{path}: {key} is not in the schema" for key in value.keys() - properties.keys()]
        for key in properties.keys() & value.keys():
            found += violations(value[key], properties[key], f"{path}.{key}")
    if "values" in schema:
        for key, entry in value.items():
            found += violations(entry, schema["values"], f"{path}.{key}")
    if "items" in schema:
        for number, entry in enumerate(value):
            found += violations(entry, schema["items"], f"{path}[{number}]")
    return found


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])  # type: ignore[arg-type]
