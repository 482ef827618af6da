"""The HTML report in a real browser: it works offline, on a phone and by keyboard, and has the summary's numbers.

Screenshots are written to the folder that `GRADUAL_ARTEFACTS` names; by default to a folder of pytest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fleet_processes import wait_until
from simulated_run import ERROR_SAMPLE, RULES, simulated_run

from gradual_master.reporting.html.reporter import write_html_report
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

try:
    from playwright.sync_api import Browser, Page, sync_playwright
except ImportError:
    pytest.skip("playwright is absent", allow_module_level=True)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("chromium is absent; on Debian: apt-get install chromium", allow_module_level=True)

PHONE, SMALL_PHONE, DESKTOP = (
    {"width": 390, "height": 844},
    {"width": 360, "height": 640},
    {"width": 1280, "height": 900},
)
HOSTILE = "</script><script>document.title='taken'</script><img src='http://127.0.0.1:9/x' onerror=alert(1)>$$\\alpha$$"
DRAWN = "typeof Bokeh === 'object' && Bokeh.documents.length === 1 && Bokeh.documents[0].is_idle"
ALL_OPEN = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
COLUMN = """([source, column]) => {
    const found = [...Bokeh.documents[0].all_models].find((model) => model.name === source && model.data !== undefined);
    return Array.from(found.data.get ? found.data.get(column) : found.data[column]);
}"""
VISIBLE = """([chart, line]) => Bokeh.documents[0].roots().find((root) => root.name === chart).renderers
    .filter((each) => each.name === line).map((each) => each.visible)"""
RANGES = """new Set(Bokeh.documents[0].roots().filter((root) => !/^(levels|scalability)/.test(root.name))
    .map((root) => root.x_range)).size"""
ZOOMING = """Bokeh.documents[0].roots().flatMap((each) => each.toolbar.tools)
    .filter((tool) => tool.type === 'BoxZoomTool' && tool.active).length"""
LIMITS_SHOWN = """[...document.querySelectorAll('#figure-latency [data-limit]')]
    .filter((each) => each.checkVisibility()).map((each) => each.innerText.replace(' (above)', ''))"""
FOCUSED = "document.activeElement.tagName"


@dataclass
class OpenPage:
    """A page with its messages and its requests."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def summary() -> Summary:
    news = (News(7, "info", "agent-2 joined"), News(50.5, "warning", HOSTILE), News(80, "error", "agent-2 is lost"))
    rules = (*RULES, {"rule": 'p95("action-1") < 100ms', "severity": "warn"})
    simulated = simulated_run(seconds=120, actions=8, news=news, rules=rules)
    long = replace(simulated.actions[0], step="a-name-without-a-place-to-break-" * 4, group=HOSTILE)
    sample = ERROR_SAMPLE | {"detail": HOSTILE, "curl": "curl " + "x" * 400}
    return replace(
        simulated,
        actions=(long, *simulated.actions[1:]),
        error_samples=(sample,),
        run=replace(simulated.run, name=HOSTILE),
    )


@pytest.fixture(scope="module")
def report(summary: Summary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_html_report(summary, path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if root else [])
        yield launched
        launched.close()


def wait_for(page: Page, expression: str) -> None:
    """Wait until an expression is true in the page."""
    # Not `page.wait_for_function`: to ask a second time it evaluates a text within the page, which the page's Content
    # Security Policy forbids.
    wait_until(lambda: page.evaluate(expression), expression)


def open_page(
    browser: Browser, report: Path, viewport: dict[str, int], scheme: str = "light", **options: Any
) -> OpenPage:
    page = browser.new_page(viewport=viewport, color_scheme=scheme, **options)
    result = OpenPage(page)
    page.on("console", lambda message: result.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: result.messages.append(f"error: {error}"))
    page.on("request", lambda request: result.requests.append(request.url))
    page.goto(report.as_uri())
    wait_for(page, DRAWN)
    return result


@pytest.fixture
def desktop(browser: Browser, report: Path) -> Iterator[OpenPage]:
    result = open_page(browser, report, DESKTOP)
    yield result
    result.page.close()


def test_the_page_opens_without_an_error_and_without_a_request(
    desktop: OpenPage, report: Path, summary: Summary
) -> None:
    assert [message for message in desktop.messages if message.startswith(("error", "warning"))] == []
    assert desktop.requests == [report.as_uri()]
    assert desktop.page.title() == f"Passed: {HOSTILE} – Gradual"
    assert desktop.page.locator("h1").inner_text() == summary.run.name
    assert desktop.page.locator("img").count() == 0


def test_the_charts_have_the_numbers_of_the_summary(desktop: OpenPage, summary: Summary) -> None:
    assert summary.history is not None
    series = summary.history.series
    read = lambda source, column: desktop.page.evaluate(COLUMN, [source, column])  # noqa: E731 - a name for one expression
    assert read("rates", "ok") == series.ok.tolist()
    assert read("rates", "failed") == series.failed.tolist()
    assert read("rates", "at") == [second + 0.5 for second in range(120)]
    assert read("levels", "ok") == np.float32([row.throughput_rps for row in summary.levels]).tolist()
    assert read("levels", "users") == [row.users_mean for row in summary.levels]


def test_each_chart_is_as_wide_as_its_container(desktop: OpenPage) -> None:
    boxes = desktop.page.evaluate(
        "[...document.querySelectorAll('.canvas')].map((canvas) =>"
        " [canvas.clientWidth, canvas.firstElementChild.getBoundingClientRect().width, canvas.clientHeight])"
    )
    assert len(boxes) == 10
    for width, drawn_width, height in boxes:
        assert abs(width - drawn_width) <= 1
        assert height >= 90


@pytest.mark.parametrize("viewport", [PHONE, SMALL_PHONE, DESKTOP], ids=["390", "360", "1280"])
def test_the_page_never_scrolls_sideways(browser: Browser, report: Path, viewport: dict[str, int]) -> None:
    page = open_page(browser, report, viewport).page
    assert page.evaluate(OVERFLOW) == 0
    page.evaluate(ALL_OPEN)
    wait_for(page, DRAWN)
    assert page.evaluate(OVERFLOW) == 0
    page.close()


def test_the_charts_follow_the_width_of_the_window(desktop: OpenPage) -> None:
    desktop.page.set_viewport_size(PHONE)
    wait_for(
        desktop.page,
        "[...document.querySelectorAll('.canvas')].every((canvas) =>"
        " Math.abs(canvas.firstElementChild.getBoundingClientRect().width - canvas.clientWidth) <= 1)",
    )
    assert desktop.page.evaluate(OVERFLOW) == 0


def test_the_keyboard_reaches_every_button_and_summary(desktop: OpenPage) -> None:
    page = desktop.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    focused_tags = []
    for _ in range(300):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused == "BODY":
            break
        focused_tags.append(focused)
    assert focused_tags.count("SUMMARY") == page.locator("summary").count()
    assert focused_tags.count("BUTTON") == page.locator("button:visible").count()
    assert set(focused_tags) == {"A", "BUTTON", "SUMMARY", "DIV", "SELECT"}
    regions = page.locator(".scroller:visible").count()
    assert focused_tags.count("DIV") == regions, "tables can be scrolled by keyboard, and no canvas is focused"


def test_enter_opens_and_closes_details(desktop: OpenPage) -> None:
    page = desktop.page
    details = page.locator("#plan details")
    details.locator("summary").focus()
    for is_open in (True, False):
        page.keyboard.press("Enter")
        assert details.evaluate("(each) => each.open") is is_open


def test_a_link_to_an_action_opens_it(desktop: OpenPage) -> None:
    desktop.page.locator("a[href='#action-2']").click()
    wait_for(desktop.page, "document.getElementById('action-2').open")


@pytest.mark.parametrize(("chart", "label", "line"), [("latency", "p99", "p99"), ("users", "active", "users")])
def test_a_button_of_the_legend_hides_and_shows_its_line(desktop: OpenPage, chart: str, label: str, line: str) -> None:
    page = desktop.page
    key = page.locator(f"#figure-{chart} button.key", has_text=label)
    for is_shown in (False, True):
        key.focus()
        page.keyboard.press("Enter")
        assert key.get_attribute("aria-pressed") == str(is_shown).lower()
        assert page.evaluate(VISIBLE, [chart, line]) == [is_shown]


def test_the_filter_shows_one_action_and_then_all_of_them_again(desktop: OpenPage, summary: Summary) -> None:
    page = desktop.page
    assert summary.history is not None
    assert summary.history.steps is not None
    page.select_option("#action-filter", "1")
    rates = summary.history.steps.rates(1)
    assert page.evaluate(COLUMN, ["rates", "ok"]) == np.float32(rates[:, 0]).tolist()
    assert page.locator(".actions tbody tr:visible").count() == 1
    assert summary.actions[1].step in page.locator("#filter-notice").inner_text()
    page.select_option("#action-filter", "")
    assert page.evaluate(COLUMN, ["rates", "ok"]) == summary.history.series.ok.tolist()
    assert page.locator(".actions tbody tr:visible").count() == len(summary.actions)
    assert page.locator("#filter-notice").is_hidden()


def test_the_limit_of_an_action_is_drawn_only_when_that_action_is_shown(desktop: OpenPage) -> None:
    page = desktop.page
    for step, limits in (("1", ['p95("action-1") < 100ms']), ("2", []), ("", ["p95 < 500ms"])):
        page.select_option("#action-filter", step)
        assert page.evaluate(LIMITS_SHOWN) == limits


def test_times_are_shown_without_hours(desktop: OpenPage) -> None:
    labels = desktop.page.evaluate(
        "Bokeh.documents[0].roots().find((root) => root.name === 'users').below[0].formatter.doFormat([0, 65, 3700])"
    )
    assert labels == ["0:00", "1:05", "1:01:40"]


def test_dragging_zooms_all_charts_and_a_button_shows_the_whole_run(desktop: OpenPage) -> None:
    page = desktop.page
    chart = page.locator("#chart-throughput")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=8)
    page.mouse.up()
    whole = page.locator("#whole-run")
    whole.wait_for(state="visible")
    time_range = "((range) => [range.start, range.end])(Bokeh.documents[0].get_model_by_name('time'))"
    start, end = page.evaluate(time_range)
    assert 30 < start < end < 90
    assert page.evaluate(RANGES) == 1
    whole.click()
    assert page.evaluate(time_range) == [0, 120]
    assert whole.is_hidden()


def test_touching_a_chart_scrolls_the_page(browser: Browser, report: Path) -> None:
    page = open_page(browser, report, PHONE, has_touch=True, is_mobile=True).page
    assert page.evaluate(ZOOMING) == 0
    page.close()


def test_only_the_pages_own_scripts_run(desktop: OpenPage) -> None:
    page = desktop.page
    page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.taken = true';"
        " document.body.append(script); }"
    )
    assert page.evaluate("window.taken") is None
    assert any("Content Security Policy" in message for message in desktop.messages)


def test_the_printed_page_has_open_details_and_charts_as_light_pictures(
    browser: Browser, report: Path, artefacts: Path
) -> None:
    page = open_page(browser, report, DESKTOP, "dark").page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".canvas > canvas.picture").count() == 10
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open], .picture").count() == 0
    assert page.pdf(path=artefacts / "report.pdf", print_background=True).startswith(b"%PDF")
    page.close()


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = os.environ.get("GRADUAL_ARTEFACTS")
    folder = Path(name) if name else tmp_path_factory.mktemp("artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_screenshots_are_written(
    browser: Browser, report: Path, artefacts: Path, viewport: dict[str, int], scheme: str
) -> None:
    result = open_page(browser, report, viewport, scheme)
    name = f"report-{viewport['width']}-{scheme}.png"
    result.page.screenshot(path=artefacts / name, full_page=True)
    background = result.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(247, 247, 245)", "dark": "rgb(14, 16, 19)"}[scheme]
    assert (artefacts / name).stat().st_size > 50_000
    result.page.close()
