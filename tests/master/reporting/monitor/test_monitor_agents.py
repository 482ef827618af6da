"""Who is lost, silent, strained or gone: agents are listed with the worst first."""

from dataclasses import replace

from monitor_states import records

from gradual_master.reporting.monitor.agents import KnownAgents
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.summary.history import News

EMPTY = next(records(1, groups=("a",), agents=1, thresholds=[]))


def at(end_s: float, *health: AgentHealth) -> IntervalRecord:
    return replace(EMPTY, start_s=end_s - 1, end_s=end_s, health=health)


def well(name: str, cpu: float = 0.1, *, strained: bool = False) -> AgentHealth:
    return AgentHealth(name, cpu, 1.0, None, 5, 5, strained)


def conditions(agents: KnownAgents) -> list[tuple[str, str]]:
    return [(agent.health.agent, agent.condition) for agent in agents.worst_first()]


def test_silent_ones_come_first_then_strained_ones_then_the_busiest() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a"), well("b", 0.7), well("c", 0.95, strained=True), well("d")), is_ending=False)
    agents.add(at(2, well("a"), well("b", 0.7), well("c", 0.95, strained=True)), is_ending=False)
    assert conditions(agents) == [("d", "silent"), ("c", "strained"), ("b", "well"), ("a", "well")]
    assert agents.worst_first()[0].seen_s == 1
    assert (len(agents), agents.count("silent"), agents.count("strained")) == (4, 1, 1)


def test_a_strained_agent_counts_as_such_for_a_few_seconds() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a", strained=True)), is_ending=False)
    seen = []
    for second in range(2, 8):
        agents.add(at(second, well("a")), is_ending=False)
        seen.append(conditions(agents)[0][1])
    assert seen == ["strained"] * 4 + ["well"] * 2


def test_an_agent_that_is_heard_again_is_well() -> None:
    agents = KnownAgents()
    for record in (at(1, well("a"), well("b")), at(2, well("b")), at(3, well("a"), well("b"))):
        agents.add(record, is_ending=False)
    assert conditions(agents) == [("a", "well"), ("b", "well")]


def test_while_the_run_ends_agents_that_are_done_are_not_called_silent() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a"), well("b"), well("c")), is_ending=False)
    agents.add(at(2, well("a"), well("b")), is_ending=False)
    agents.add(at(3, well("b")), is_ending=True)
    assert conditions(agents) == [("c", "silent"), ("b", "well")]


def test_an_agent_that_has_left_is_gone_and_not_silent_and_listed_last() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a"), well("b", 0.9), well("c")), is_ending=False)
    agents.add_news(News(1.5, "info", "agent b has left", "b", "left"))
    agents.add(at(2, well("a"), well("b", 0.9), well("c")), is_ending=False)
    agents.add(at(3, well("a"), well("c")), is_ending=False)
    assert conditions(agents) == [("a", "well"), ("c", "well"), ("b", "left")]
    assert (agents.worst_first()[-1].since_s, agents.present, len(agents)) == (1.5, 2, 3)


def test_a_lost_agent_is_listed_first_until_it_is_back() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a"), well("b")), is_ending=False)
    seen = []
    for news in (
        News(1.2, "warning", "", "b", "silent"),
        News(12, "warning", "", "b", "lost"),
        News(13, "warning", "", "b", "silent"),
        News(14, "info", "", "b", "back"),
    ):
        agents.add_news(news)
        seen.append(conditions(agents)[0])
    assert seen == [("b", "silent"), ("b", "lost"), ("b", "lost"), ("a", "well")]


def test_an_interval_from_before_the_news_brings_a_silent_agent_not_back() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a"), well("b")), is_ending=False)
    agents.add_news(News(2.3, "warning", "the connection to agent b is broken", "b", "silent"))
    agents.add(at(2, well("a"), well("b")), is_ending=False)
    assert conditions(agents)[0] == ("b", "silent")
    agents.add(at(3, well("a"), well("b")), is_ending=False)
    assert conditions(agents) == [("a", "well"), ("b", "well")]


def test_news_of_an_agent_that_never_reported_changes_nothing() -> None:
    agents = KnownAgents()
    agents.add_news(News(1, "warning", "agent b is lost", "b", "lost"))
    assert len(agents) == 0


def test_an_agent_and_the_one_started_in_its_place_are_two() -> None:
    agents = KnownAgents()
    agents.add(at(1, well("a", 0.2), well("a#2", 0.8)), is_ending=False)
    agents.add_news(News(2, "warning", "agent a is lost", "a", "lost"))
    agents.add(at(2, well("a#2", 0.8)), is_ending=True)
    assert conditions(agents) == [("a", "lost"), ("a#2", "well")]
