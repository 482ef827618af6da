"""What an operator is told of one agent, line by line."""

from structlog.testing import capture_logs

from gradual_agent.coordination.contact import Redial
from gradual_agent.process.notices import MASTER_HINT, AgentNotices

S = 1_000_000_000


def waiting_lines(notices: AgentNotices, *seconds: int) -> list[tuple[str, str]]:
    """(level, text) of what is said when the master is not there at these instants."""
    with capture_logs() as lines:
        for second in seconds:
            notices.say_waiting("unavailable", second * S)
    assert all(line["reason"] == "unavailable" for line in lines)
    return [(line["log_level"], line["event"]) for line in lines]


def test_an_agent_that_goes_on_waiting_says_what_to_check() -> None:
    notices = AgentNotices("m:7", Redial(60 * S, lambda: 0.0, 0))
    assert waiting_lines(notices, 0, 1, 9, 10, 30) == [
        ("info", "waiting for the master at m:7 for 1m at most"),
        ("warning", f"no master at m:7 for 10s, giving up in 50s: {MASTER_HINT}"),
        ("warning", f"no master at m:7 for 30s, giving up in 30s: {MASTER_HINT}"),
    ]


def test_a_lost_connection_is_told_before_the_wait_for_it() -> None:
    redial = Redial(60 * S, lambda: 0.0, 0)
    notices = AgentNotices("m:7", redial)
    redial.found()
    with capture_logs() as lines:
        notices.say_welcomed(3)
    assert [(line["event"], line["stream"]) for line in lines] == [("welcomed", 3)]
    redial.lost(100 * S)
    assert waiting_lines(notices, 100, 110) == [
        ("warning", "the connection to the master is lost: waiting for it at m:7 for 1m at most"),
        ("warning", f"no master at m:7 for 10s, giving up in 50s: {MASTER_HINT}"),
    ]


def test_an_agent_says_why_it_ends_and_an_error_names_the_batches_that_are_lost() -> None:
    notices = AgentNotices("m:7", Redial(60 * S, lambda: 0.0, 0))
    with capture_logs() as lines:
        notices.say_end(0, "the run is over", ())
        notices.say_end(3, "no master for 1m", (4, 5))
    assert lines == [
        {"log_level": "info", "event": "this agent ends: the run is over", "code": 0},
        {
            "log_level": "error",
            "event": "this agent ends: no master for 1m; its last measurements were not delivered (dropped batches)",
            "code": 3,
            "dropped": [4, 5],
        },
    ]
