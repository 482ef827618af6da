"""Levels of a search that are no trials are marked as what they are, in every table."""

from searched_run import SearchedRun, queue

from gradual_master.reporting.console.reporter import render_text
from gradual_master.reporting.html.page import charted
from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.results.summary.sections import Summary


def marks(summary: Summary) -> list[tuple[float, str]]:
    return [(row.target, ";".join(row.marks)) for row in summary.levels]


def test_levels_to_settle_at_the_overload_and_the_level_after_it_are_marked() -> None:
    summary = SearchedRun(queue()).run()
    found = summary.analysis.capacity
    assert found is not None
    trials = {trial.started_s for trial in found.trials if trial.purpose != "recover"}
    unmarked = [row for row in summary.levels if not row.marks]
    assert len(unmarked) == len(trials)
    assert all(any(row.start_s <= begin < row.end_s for begin in trials) for row in unmarked)
    back = found.trials[-1].users
    assert marks(summary)[-2:] == [(80, "overload"), (back, "recovery")]
    assert set(marks(summary)[:-2]) - {(row.target, "") for row in unmarked} == {(10, "settling")}
    assert marks(summary)[0] == (10, "")


def test_a_level_at_which_the_run_ended_is_not_taken_for_another() -> None:
    """The first trial is cut off after 20 s; the third, with 40 users, after 20 s of it."""
    assert marks(SearchedRun(queue()).run(seconds=20)) == [(10, "")]
    assert marks(SearchedRun(queue()).run(seconds=122)) == [(10, ""), (20, ""), (40, "")]


def test_a_search_that_ends_in_the_overload_says_so() -> None:
    whole = SearchedRun(queue()).run()
    overload = whole.levels[-2]
    cut = SearchedRun(queue()).run(seconds=round(overload.start_s) + 5)
    assert marks(cut)[-1] == (80, "overload")


def test_tables_show_the_marks_and_charts_leave_such_levels_out() -> None:
    summary = SearchedRun(queue()).run()
    for text in (render_text(summary, 120), render_markdown(summary)):
        assert all(word in text for word in ("settling", "overload", "recovery"))
    users = [row.target for row in charted(summary)]
    assert users == sorted(users)
    assert (users.count(10), users.count(80)) == (1, 1)
