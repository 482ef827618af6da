"""The language of objectives: `p95(login) < 500ms`, `error_rate < 1%`, … (docs/design/results.md, "Objectives").

    rule    = value op limit [at] [window]
    value   = [series "."] stat ["(" scope ")"] | "agent." health ["." ("mean"|"max"|quant)]
            | "watch." name ["." ("mean"|"min"|"max"|quant)]
    series  = "ttfb" | "exchange" | "connect" | "iteration" | "transaction" | "metric"      (none: response time)
    stat    = quant | "mean" | "min" | "max" | "count" | "failures" | "interrupted"
            | "error_rate" | "success_rate" | "throughput" | "request_rate"; of a metric "sum" | "rate"
    quant   = "p" number        health = "cpu" | "loop_lag" | "start_lag"
    scope   = item {"," item}   item = name | dim "=" name | "ok" | "failed"     name "*": one verdict per name
    dim     = "action" | "step" | "group" | "transaction" | "metric" | "phase" | "service" | "kind" | "tag." name
    op      = "<" | "<=" | ">" | ">=" | "=="
    limit   = number "%" | duration | number ["/s"]
    at      = "at" ["<="] int "users"
    window  = "for" duration | "over" ("run" | "levels")

A name is a plain identifier or quoted, with a backslash before a quote inside it; a quoted name is never a keyword.
"""
