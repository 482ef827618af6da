"""The grammar of objectives: what is read, in which unit, and how each mistake is reported."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import RuleError
from gradual_common.kinds.failures import KINDS
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import Rule, Scope, ScopeItem, TargetLevel, unit_of, write_rule
from gradual_common.rules.value import SERIES_STATISTICS

MS = 1_000_000


@pytest.mark.parametrize(
    ("text", "value", "op", "limit", "unit"),
    [
        ("p95 < 500ms", "p95", "<", 500 * MS, "ns"),
        ("p99.9<=1m30s", "p99.9", "<=", 90_000 * MS, "ns"),
        ("mean > 0.5ms", "mean", ">", MS / 2, "ns"),
        ("min >= 1us", "min", ">=", 1000, "ns"),
        ("max == 2s", "max", "==", 2000 * MS, "ns"),
        ("count > 1000", "count", ">", 1000, ""),
        ("failures == 0", "failures", "==", 0, ""),
        ("interrupted < 2.5", "interrupted", "<", 2.5, ""),
        ("error_rate < 1%", "error_rate", "<", 1, "%"),
        ("success_rate >= 99.5 %", "success_rate", ">=", 99.5, "%"),
        ("throughput > 50/s", "throughput", ">", 50, "/s"),
        ("request_rate > 50 / s", "request_rate", ">", 50, "/s"),
        ("ttfb.p90 < 250ms", "ttfb.p90", "<", 250 * MS, "ns"),
        ("exchange.count > 1", "exchange.count", ">", 1, ""),
        ("iteration.throughput > 2/s", "iteration.throughput", ">", 2, "/s"),
        ("transaction.error_rate < 1%", "transaction.error_rate", "<", 1, "%"),
        ("p95(metric=basket) < 250.5", "metric.p95", "<", 250.5, ""),
        ("metric.mean(basket) > 5", "metric.mean", ">", 5, ""),
        ("count(metric=basket) == 7", "metric.count", "==", 7, ""),
        ("sum(metric=orders) >= 100", "metric.sum", ">=", 100, ""),
        ("rate(metric=orders, phase=peak) > 2/s", "metric.rate", ">", 2, "/s"),
        ("agent.cpu < 80%", "agent.cpu", "<", 80, "%"),
        ("agent.loop_lag.p99.9 < 10ms", "agent.loop_lag.p99.9", "<", 10 * MS, "ns"),
        ("agent.start_lag.max < 1s", "agent.start_lag.max", "<", 1000 * MS, "ns"),
    ],
)
def test_a_statistic_has_its_unit(text: str, value: str, op: str, limit: float, unit: str) -> None:
    rule = parse_rule(text)
    assert (rule.value, rule.op, rule.limit, rule.unit) == (value, op, limit, unit)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("p95(login) < 1s", Scope((ScopeItem("action", "login"),))),
        ('p95("sign in") < 1s', Scope((ScopeItem("action", "sign in"),))),
        ("p95('it\\'s', login) < 1s", Scope((ScopeItem("action", "it's"), ScopeItem("action", "login")))),
        ("p95(ok) < 1s", Scope((), ("ok",))),
        ("p95('ok') < 1s", Scope((ScopeItem("action", "ok"),))),
        ("p95(ok=ok) < 1s", None),
        ("p95(*) < 1s", Scope((ScopeItem("action", any=True),))),
        ("p95(service=ledger) < 1s", Scope((ScopeItem("service", "ledger"),))),
        ("p95(tag.team=payments) < 1s", Scope((ScopeItem("tag.team", "payments"),))),
        ("p95(tag.'cost center'=\"7 a\") < 1s", Scope((ScopeItem("tag.cost center", "7 a"),))),
        ("p95(tag.team=*, tag) < 1s", Scope((ScopeItem("tag.team", any=True), ScopeItem("action", "tag")))),
        ("p95('*') < 1s", Scope((ScopeItem("action", "*"),))),
        ("p95(group=*, failed) < 1s", Scope((ScopeItem("group", any=True),), ("failed",))),
        ("p95(step='login#2', phase=peak) < 1s", Scope((ScopeItem("step", "login#2"), ScopeItem("phase", "peak")))),
        ("count(kind='assertion:json') < 5", Scope((ScopeItem("kind", "assertion:json"),))),
        ("count(kind=assertion) < 5", Scope((ScopeItem("kind", "assertion"),))),
        ("p95(größe) < 1s", Scope((ScopeItem("action", "größe"),))),
    ],
)
def test_a_scope_names_what_it_is_about(text: str, scope: Scope | None) -> None:
    if scope is None:
        with pytest.raises(RuleError, match="unknown dimension 'ok'"):
            parse_rule(text)
    else:
        assert parse_rule(text).scope == scope


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95 <", "expected a limit, found the end of the rule"),
        ("p95 < fast", "expected a limit, found 'fast'"),
        ("p95 500ms", "expected one of < <= > >= =="),
        ("p95 = 500ms", "equality is written =="),
        ("", "the rule is empty"),
        ("  ", "the rule is empty"),
        ("< 5", "expected a statistic"),
        ("p0 < 1s", "use min or max instead of p0 and p100"),
        ("p100 < 1s", "use min or max instead of p0 and p100"),
        ("p99.x < 1s", "expected a number after `p99.`"),
        ("media < 1s", "unknown statistic 'media'; did you mean mean?"),
        ("ttbf.p95 < 1s", "unknown series 'ttbf'; did you mean ttfb?"),
        ("ttfb < 1s", "expected `.` and a statistic after ttfb"),
        ("ttfb.error_rate < 1%", "ttfb has no error_rate; allowed are percentiles such as p95, mean, min, max"),
        ("metric.throughput(a) < 5/s", "metric has no throughput"),
        ("agent < 1s", "expected `.` and a measure after agent"),
        ("agent.memory < 1s", "unknown measure of agents 'memory'"),
        ("agent.cpu.min < 1%", "unknown statistic of agents 'min'"),
        ("agent.cpu(login) < 1%", "takes no scope"),
        ("p95() < 1s", "expected a name in the scope, found ')'"),
        ("p95(login < 1s", "expected `,` or `)` in the scope, found '<'"),
        ("p95(sign in) < 1s", "a name that is not a plain identifier is quoted"),
        ("p95(sign-in) < 1s", "a name that is not a plain identifier is quoted"),
        ("p95(2fa) < 1s", "a name that is not a plain identifier is quoted"),
        ('p95("login) < 1s', "the quote is never closed"),
        ("p95(gruop=a) < 1s", "unknown dimension 'gruop'; did you mean group?"),
        ("p95(kind=timeuot) < 1s", "unknown failure kind 'timeuot'; did you mean timeout?"),
        ("p95 < 1s at users", "expected a number of users"),
        ("p95 < 1s at 0 users", "expected a number of users"),
        ("p95 < 1s at 100", "write `users` after the number"),
        ("p95 < 1s for a while", "expected a duration such as 30s after `for`"),
        ("p95 < 1s over night", "expected run or levels after `over`"),
        ("p95 < 1s for 30s at 100 users", "`at … users` is written before"),
        ("error_rate < 0%", "error_rate < 0% can never be met: write <= 0%"),
        ("success_rate(login) > 100%", "success_rate > 100% can never be met: write >= 100%"),
        ("p95 < 1s please", "the rule should end here, found 'please'"),
        ("p95 < 500ms & mean < 1s", "cannot read '& mean < 1s'"),
    ],
)
def test_a_mistake_is_reported_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    assert said in str(caught.value)
    assert repr(text.strip()) in str(caught.value), "the rule is quoted as it was written"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("agent.cpu < 80% at 20 users", "agents have no levels of their own"),
        ("agent.cpu < 80% over levels", "agents have no levels of their own"),
        ("agent.loop_lag.p99 < 50ms for 10s", "write agent.loop_lag.max"),
        ("agent.start_lag < 50ms for 10s", "write agent.start_lag.max"),
    ],
)
def test_the_health_of_agents_is_known_of_the_run_and_in_part_of_windows(text: str, mistake: str) -> None:
    with pytest.raises(RuleError, match=mistake):
        parse_rule(text)


def test_the_level_and_the_window_are_read() -> None:
    rule = parse_rule("p95 < 1s at <= 100 users for 1m")
    assert (rule.at, rule.window, rule.window_ns) == (TargetLevel(100, True), "for", 60_000 * MS)
    assert parse_rule("p95 < 1s at 100 users over levels").at == TargetLevel(100, False)


NAMES = st.text(min_size=1, max_size=8)
OUTCOMES = st.lists(st.sampled_from(["ok", "failed"]), unique=True, max_size=2)
ITEMS = st.one_of(
    st.builds(
        ScopeItem, st.sampled_from(["action", "step", "group", "phase", "service", "tag.team", "tag.a b"]), NAMES
    ),
    st.builds(ScopeItem, st.just("kind"), st.sampled_from([kind for kind in KINDS if kind])),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    series = draw(st.sampled_from(["", "ttfb", "exchange", "connect"]))
    statistic = draw(st.sampled_from([*SERIES_STATISTICS[series], "quantile"]))
    quantile = draw(st.integers(1, 9999)) / 10000 if statistic == "quantile" else None
    unit = "ns" if statistic == "quantile" else unit_of(statistic)
    highest = {"ns": 10**13, "%": 100, "/s": 10**6, "": 10**9}[unit]
    scope = Scope()
    if statistic not in ("error_rate", "success_rate", "interrupted"):
        scope = Scope(tuple(draw(st.lists(ITEMS, unique=True, max_size=3))), tuple(draw(OUTCOMES)))
    return Rule(
        text="",
        series=series,
        statistic=statistic,
        op=draw(st.sampled_from(["<", "<=", ">", ">=", "=="])),
        limit=float(draw(st.integers(0, highest))),
        unit=unit,
        quantile=quantile,
        scope=scope,
        at=draw(st.none() | st.builds(TargetLevel, st.integers(1, 10**6), st.booleans())),
        window=draw(st.sampled_from([None, "run", "levels"])),
    )


@given(rules())
def test_a_rule_that_is_written_is_read_as_itself(rule: Rule) -> None:
    text = write_rule(rule)
    read = parse_rule(text)
    assert write_rule(read) == text
    assert (read.scope, read.op, read.limit, read.at, read.window) == (
        rule.scope,
        rule.op,
        rule.limit,
        rule.at,
        rule.window,
    )


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_a_clear_error(text: str) -> None:
    with suppress(RuleError):
        parse_rule(text)


def test_a_quoted_word_is_neither_keyword_nor_mark() -> None:
    with pytest.raises(RuleError, match=r"should end here, found .*'at'"):
        parse_rule("p95 < 1s 'at' 5 users")
    with pytest.raises(RuleError, match=r"expected one of < .*, found .*'\('"):
        parse_rule("p95 '(' a) < 1s")


def test_in_a_statistic_of_metrics_a_bare_name_is_a_metric() -> None:
    assert parse_rule("sum(orders) > 5").scope == Scope((ScopeItem("metric", "orders"),))
    assert write_rule(parse_rule("sum(orders) > 5")) == "metric.sum(metric=orders) > 5"
