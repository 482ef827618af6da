"""A notebook shows the verdict, its reasons and the level table; whatever the plan and the system say stays text."""

from dataclasses import replace

from simulated_run import simulated_run

from gradual_master.reporting.notebook import render_html


def test_the_verdict_and_every_level_are_shown_and_text_stays_text() -> None:
    summary = simulated_run(seconds=24, actions=2)
    summary = replace(summary, run=replace(summary.run, name="<b>"), levels=summary.levels[:2])
    shown = render_html(summary)
    assert f"<strong>{summary.verdict.status}</strong> &lt;b&gt;" in shown
    assert shown.count("<tr>") == 3
    assert "<th>from s</th><th>target</th><th>users</th><th>ok/s</th><th>p50 ms</th>" in shown
    assert f"<td>{summary.levels[1].start_s:.4g}</td>" in shown
    assert "<td>warm-up" in shown


def test_what_there_is_no_data_of_is_a_dash() -> None:
    summary = simulated_run(seconds=24, actions=2)
    level = replace(summary.levels[0], users_mean=None, marks=("failures", "unsteady"), requests=12_345, warm_up=False)
    shown = render_html(replace(summary, levels=(level,)))
    assert "<td>-</td>" in shown
    assert "<td>12,345</td>" in shown
    assert "<td>not steady, failures</td>" in shown
