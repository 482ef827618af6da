"""Each panel is a pure function: state, width, rows → text."""

from dataclasses import replace

import pytest
from monitor_states import Clock, drawn, monitor_state, records, staircase
from raw_run import run_of

from gradual_master.reporting.monitor.layout import draw_stack
from gradual_master.reporting.monitor.lines import fit
from gradual_master.reporting.monitor.panels.agents import AgentsPanel
from gradual_master.reporting.monitor.panels.base import Panel
from gradual_master.reporting.monitor.panels.failures import FailuresPanel
from gradual_master.reporting.monitor.panels.header import Header, Keys
from gradual_master.reporting.monitor.panels.news import NewsPanel
from gradual_master.reporting.monitor.panels.objectives import ObjectivesPanel
from gradual_master.reporting.monitor.panels.schedule import SchedulePanel
from gradual_master.reporting.monitor.panels.speed import LATENCY, THROUGHPUT, SpeedPanel
from gradual_master.reporting.monitor.panels.step_table import StepsPanel
from gradual_master.reporting.monitor.panels.users import UsersPanel
from gradual_master.reporting.monitor.state import MonitorState
from gradual_master.results.summary.history import News

PANELS: tuple[Panel, ...] = (
    Header(),
    SchedulePanel(),
    UsersPanel(),
    SpeedPanel(),
    ObjectivesPanel(),
    AgentsPanel(),
    FailuresPanel(),
    StepsPanel(),
    THROUGHPUT,
    LATENCY,
    NewsPanel(),
    Keys(),
)
TWO = ("customer", "guest")
LATE = monitor_state(34)
EARLY = monitor_state(0)
SMALL = monitor_state(34, TWO, 2)


def show(panel: Panel, state: MonitorState, width: int, rows: int) -> list[str]:
    return drawn(fit(line, width) for line in panel.lines(state, width, rows)).splitlines()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: type(panel).__name__)
@pytest.mark.parametrize("state", [LATE, EARLY, SMALL], ids=["late", "early", "small"])
@pytest.mark.parametrize("width", [1, 7, 20, 36, 39, 49, 66, 100])
def test_a_panel_keeps_to_the_room_it_is_given(panel: Panel, state: MonitorState, width: int) -> None:
    demand = panel.demand(state, width)
    assert demand.min_rows <= demand.ideal_rows <= demand.max_rows
    for rows in range(demand.min_rows, demand.max_rows + 1) if demand.min_rows else ():
        assert len(panel.lines(state, width, rows)) <= rows
        lines = draw_stack((panel,), state, width, rows)
        assert len(lines) == rows
        assert max(line.cell_len for line in lines) <= width


def test_the_header_says_which_run_this_is_and_where_it_is() -> None:
    assert show(Header(), LATE, 80, 2) == [
        "Bank, nightly  20260102T030405Z-ab12cd                   0:34 of 1:20, 0:46 left",
        "RUNNING  climb, level 4 of 8: 160 users, 200 in 0:06 23,676 requests, 348 failed",
    ]
    assert show(Header(), LATE, 64, 2)[1] == "RUNNING  climb, level 4 of 8: 160 users, 200 in 0:06  348 failed"


def test_the_header_says_when_data_is_old_and_when_the_run_ends() -> None:
    clock = Clock()
    state = monitor_state(20, TWO, 1, clock=clock)
    clock.now += 6
    assert show(Header(), state, 80, 2)[1].endswith("! last data at 0:20")
    assert show(Keys(), state, 80, 1) == ["Ctrl-C drains and reports; twice stops at once"]
    state.add_news(
        News(26.7, "warning", "stopping: users finish (5s at most); stop again to interrupt them", is_stop=True)
    )
    assert show(Header(), state, 80, 2)[1].startswith("STOPPING  users finish")
    assert show(Keys(), state, 80, 1) == ["Ctrl-C again stops at once"]
    over = monitor_state(80, ("a",), 1, thresholds=[])
    assert show(Header(), over, 80, 2)[0].endswith("1:20 elapsed of 1:20")
    assert show(Header(), over, 80, 2)[1].startswith("DRAINING  users finish")


def test_the_header_knows_warm_up_and_runs_without_an_end() -> None:
    state = MonitorState(staircase(TWO, endless=True), Clock())
    state.run = run_of(name="x")
    assert show(Header(), state, 60, 2)[0].endswith("0:00 elapsed")
    record = next(records(1, TWO, 1))
    state.add(replace(record, warm_up=True))
    assert show(Header(), state, 60, 2)[1].startswith("WARM-UP  climb, level 1 of 8: 10 users")


def test_the_schedule_is_drawn_with_a_cursor_at_now() -> None:
    assert show(SchedulePanel(), SMALL, 48, 3) == [
        "    80 ┤                    ▂▂▂▂▂▄▄▄▄▄▆▆▆▆▆█████",
        "       │▂▂▂▂▂▄▄▄▄▄▆▆▆▆▆█████████████████████████",
        " users └─────────────────▲ 0:34 ─────────── 1:20",
    ]
    late = monitor_state(74, TWO, 1)
    assert show(SchedulePanel(), late, 48, 3)[-1] == " users └─────────────────────────────── 1:14 ▲──"
    assert SchedulePanel().demand(SMALL, 20).max_rows == 0
    endless = monitor_state(5, TWO, 1, endless=True)
    assert show(SchedulePanel(), endless, 60, 3)[-1].endswith("until the iterations are done")


def test_users_are_shown_by_group_with_the_number_of_missing_ones() -> None:
    assert show(UsersPanel(), SMALL, 48, 4) == [
        "── Users ─────────────────────── actual / target",
        "all      █████████░           36 / 40, 4 missing",
        "customer ██████████           20 / 20",
        "guest    ████████░░           16 / 20, 4 missing",
    ]


def test_of_many_groups_those_that_miss_the_most_are_shown() -> None:
    lines = show(UsersPanel(), LATE, 60, 5)
    assert [line.split()[0] for line in lines[1:]] == ["all", "customer", "mobile-app", "and"]
    assert lines[-1].startswith("and 6 more groups, 6 missing")


def test_a_single_group_needs_no_sum_and_stopping_users_are_reported() -> None:
    state = monitor_state(5, ("customer",), 1, thresholds=[])
    last = state.last
    assert last is not None
    state.add(replace(last, number=5, start_s=5, end_s=6, users={"customer": 5.0}, stopping={"customer": 2.0}))
    assert show(UsersPanel(), state, 60, 2)[1].split() == ["customer", "████▏", "5", "/", "5,", "2", "stopping"]


def test_rates_of_the_last_seconds_have_their_change_and_trend() -> None:
    lines = show(SpeedPanel(), LATE, 39, 9)
    assert [line.split()[0] for line in lines[1:8]] == ["ok/s", "failed/s", "p50", "p90", "p95", "p99", "max"]
    recent = LATE.recent
    assert lines[1].split()[1] == f"{recent.ok:,.0f}"
    assert lines[5].split()[2] == f"{recent.times.p95:.3g}"
    assert "↑" in lines[1]
    assert lines[1][-1] == "█", "throughput has never been higher"
    assert lines[8].startswith("users in a request ")


def test_with_few_rows_the_most_important_measures_are_shown() -> None:
    assert [line.split()[0] for line in show(SpeedPanel(), LATE, 39, 4)[1:]] == ["ok/s", "failed/s", "p95"]


def test_before_the_first_interval_there_is_no_data() -> None:
    assert [line.split()[-1] for line in show(SpeedPanel(), EARLY, 39, 8)[1:]] == ["-"] * 7
    assert show(ObjectivesPanel(), EARLY, 39, 3)[1] == "none judged yet"
    assert show(AgentsPanel(), EARLY, 39, 3)[1] == "none has reported yet"
    assert show(FailuresPanel(), EARLY, 39, 3)[1] == "none"
    assert show(UsersPanel(), EARLY, 39, 3)[1] == "no data yet"


def test_failures_are_shown_by_label_with_their_rate_now() -> None:
    assert show(FailuresPanel(), SMALL, 60, 3) == [
        "── Failures ────────────────────────────── 5.59% of requests",
        "HTTP 500       × 18  0.4/s now",
        "timed out      × 18  0.4/s now",
    ]
    assert show(FailuresPanel(), SMALL, 60, 2)[1] == "all 2 kinds: 36"


def test_where_there_is_room_failures_say_where_and_how_they_began() -> None:
    assert show(FailuresPanel(), SMALL, 80, 5)[1:] == [
        "HTTP 500       × 18  0.4/s now",
        "  0:00 to 0:32 customer / rates: the server answered 500 Internal Server Error",
        "timed out      × 18  0.4/s now",
        "  0:00 to 0:32 customer / login",
    ]
    assert [line[:2] for line in show(FailuresPanel(), SMALL, 80, 4)[1:]] == ["HT", "  ", "ti"]


def test_failures_of_a_warm_up_are_shown_by_their_kind() -> None:
    state = monitor_state(9, TWO, 1)
    last = state.last
    assert last is not None
    state.add(replace(last, number=9, start_s=9, end_s=10, errors={"dns": 5}, failures=5))
    lines = show(FailuresPanel(), state, 60, 7)
    assert lines[1].startswith("host name not resolved")
    assert lines[2] == "  while warming up"


def test_failures_that_are_over_are_shown_as_over() -> None:
    state = monitor_state(9, TWO, 1)
    last = state.last
    assert last is not None
    for second in range(9, 15):
        state.add(replace(last, number=second, start_s=second, end_s=second + 1, failures=0, errors={}))
    assert show(FailuresPanel(), state, 60, 3)[1].endswith("none now")


def test_objectives_are_listed_with_their_state_in_words_the_urgent_first() -> None:
    lines = show(ObjectivesPanel(), LATE, 40, 11)
    assert lines[0].endswith("2 of 10 failing")
    assert [line[:7].strip() for line in lines[1:]] == ["FAILING"] * 2 + ["warning", "no data"] + ["passing"] * 6
    assert lines[1].split() == ["FAILING", "p99", "<", "25ms", "39.87", "/", "25", "ms"]
    assert lines[4].split() == ["no", "data", "connect.p95", "<", "50ms", "-", "/", "50", "ms"]
    assert show(ObjectivesPanel(), LATE, 60, 4)[-1] == "and 8 more: 1 warning, 1 no data, 6 passing"
    assert "swift at the median  p50 < 1ms  since 0:" in show(ObjectivesPanel(), LATE, 100, 11)[3]


def test_agents_are_listed_the_worst_first_and_the_rest_is_summed_up() -> None:
    lines = show(AgentsPanel(), LATE, 66, 6)
    assert lines[0].startswith("── Agents 20, 1 silent, 1 strained ─")
    assert lines[0].endswith("cpu lag ms users conns")
    assert lines[1] == "agent-7 silent since 0:12"
    assert lines[2].split() == ["agent-3", "strained", "95%", "4", "48", "48"]
    assert lines[3].split()[:2] == ["agent-18", "56%"]
    assert lines[5] == "and 16 more: at most cpu 54%, lag 5 ms"
    assert show(AgentsPanel(), LATE, 66, 2)[1] == "all 20: 1 silent, 1 strained, at most cpu 95%, lag 5 ms"


def test_an_agent_that_was_lost_and_one_that_has_left_say_since_when() -> None:
    state = monitor_state(14, TWO, 6)
    state.add_news(News(12.4, "warning", "agent agent-1 is lost", "agent-1", "lost"))
    state.add_news(News(13.1, "info", "agent agent-5 has left", "agent-5", "left"))
    lines = show(AgentsPanel(), state, 66, 7)
    assert lines[0].startswith("── Agents 4, 1 lost, 1 strained, 1 left ─")
    assert lines[1] == "agent-1 lost at 0:12"
    assert lines[2].split()[:2] == ["agent-3", "strained"]
    assert lines[6] == "agent-5 gone, left at 0:13"
    assert show(AgentsPanel(), state, 66, 5)[4].startswith("and 3 more: 1 left, at most cpu 24%")


def test_steps_are_listed_where_there_is_room() -> None:
    lines = show(StepsPanel(), SMALL, 66, 5)
    assert [" / ".join(line.split()[0:3:2]) for line in lines[1:]] == [
        f"{group} / {step}" for group in TWO for step in ("login", "rates")
    ]
    assert not StepsPanel().demand(SMALL, 39).min_rows


@pytest.mark.parametrize("chart", [THROUGHPUT, LATENCY])
def test_a_chart_has_a_scale_from_zero_to_its_peak(chart: Panel) -> None:
    lines = show(chart, LATE, 66, 8)
    assert len(lines) == 8
    assert lines[1].strip().split(" ┤")[0].replace(",", "").isdigit()
    assert lines[-1].startswith("     0 ┤")


def test_the_newest_news_stand_at_the_bottom_and_the_oldest_gives_way() -> None:
    assert [line.strip() for line in show(NewsPanel(), LATE, 60, 4)[1:]] == [
        "0:14 !  agent agent-7 is silent: its 12 users stop at the",
        "end of its lease; unless it comes back, others …",
        "0:17    agent agent-2 has taken over 12 users",
    ]
    assert len(show(NewsPanel(), LATE, 60, 2)) == 2
    assert show(NewsPanel(), LATE, 60, 2)[1].endswith("agent-2 has taken over 12 users")


def test_no_colour_says_what_no_word_says() -> None:
    """Every line with something in red or magenta bears a word, a sign or a number for it, or goes on with one."""
    words = ("missing", "FAILING", "warning", "silent", "strained", "failed", "/s", "!", "failing", " / ")
    for panel in PANELS:
        demand = panel.demand(LATE, 66)
        for line in panel.lines(LATE, 66, demand.ideal_rows) if demand.ideal_rows else ():
            if any("red" in str(span.style) or "magenta" in str(span.style) for span in line.spans):
                assert any(word in line.plain for word in words) or line.plain[0] == " ", line.plain


def test_names_that_are_very_long_or_wide_are_cut() -> None:
    groups = ("日本語のとても長い名前のグループ", "x" * 80, "a\tb")
    state = monitor_state(3, groups, 1, thresholds=[])
    for width in (30, 48, 80):
        assert max(line.cell_len for line in draw_stack((UsersPanel(),), state, width, 5)) <= width
