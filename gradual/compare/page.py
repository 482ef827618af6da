"""A comparison as a page of its own: HTML that makes no request and runs no script."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from gradual_common import __version__
from gradual_master.comparing.summaries import SummaryComparison
from gradual_master.reporting.charts.comparison_intervals import interval_plots
from gradual_master.reporting.text.shown_comparison import headline, remarks, warnings


def render_page(found: SummaryComparison) -> str:
    """The whole page as text."""
    return _template().render(
        result=found.result,
        headline="Not compared" if found.result is None else headline(found.result),
        plots=() if found.result is None else interval_plots(found.result),
        reasons=found.refusals if found.result is None else warnings(found),
        remarks=remarks(found),
        version=__version__,
        css=Markup(files(__package__).joinpath("templates", "comparison.css").read_text(encoding="utf-8")),  # noqa: S704 - ours
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("gradual.compare"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("comparison.html.j2")
