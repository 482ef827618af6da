"""The HTML report in a real browser: offline, without an error, with the summary's figures, for phone and keyboard.

Screenshots are left in the folder that `GRADUAL_ARTEFACTS` names, else in pytest's own.
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
RANGES = """new Set(Bokeh.documents[0].roots().filter((root) => !root.name.startsWith('levels'))
    .map((root) => root.x_range)).size"""
ZOOMING = """Bokeh.documents[0].roots().flatMap((each) => each.toolbar.tools)
    .filter((tool) => tool.type === 'BoxZoomTool' && tool.active).length"""
LIMITS_SHOWN = """[...document.querySelectorAll('#figure-latency [data-limit]')]
    .filter((each) => each.checkVisibility()).map((each) => each.innerText.replace(' (above)', ''))"""
FOCUSED = "document.activeElement.tagName"


@dataclass
class Opened:
    """A page with all that it said and asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def summary() -> Summary:
    news = (News(7, "info", "agent-2 joined"), News(50.5, "warning", HOSTILE), News(80, "error", "agent-2 is lost"))
    rules = (*RULES, {"rule": 'p95("action-1") < 100ms', "severity": "warn"})
    made = simulated_run(seconds=120, actions=8, news=news, rules=rules)
    long = replace(made.actions[0], step="a-name-without-a-place-to-break-" * 4, group=HOSTILE)
    sample = ERROR_SAMPLE | {"detail": HOSTILE, "curl": "curl " + "x" * 400}
    return replace(
        made, actions=(long, *made.actions[1:]), error_samples=(sample,), run=replace(made.run, name=HOSTILE)
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


def opened(browser: Browser, report: Path, viewport: dict[str, int], scheme: str = "light", **options: Any) -> Opened:
    page = browser.new_page(viewport=viewport, color_scheme=scheme, **options)
    result = Opened(page)
    page.on("console", lambda message: result.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: result.said.append(f"error: {error}"))
    page.on("request", lambda request: result.requests.append(request.url))
    page.goto(report.as_uri())
    page.wait_for_function(DRAWN)
    return result


@pytest.fixture
def desktop(browser: Browser, report: Path) -> Iterator[Opened]:
    result = opened(browser, report, DESKTOP)
    yield result
    result.page.close()


def test_it_opens_without_an_error_and_asks_nobody(desktop: Opened, report: Path, summary: Summary) -> None:
    assert [said for said in desktop.said if said.startswith(("error", "warning"))] == []
    assert desktop.requests == [report.as_uri()]
    assert desktop.page.title() == f"Passed: {HOSTILE} – Gradual"
    assert desktop.page.locator("h1").inner_text() == summary.run.name
    assert desktop.page.locator("img").count() == 0


def test_the_charts_hold_the_figures_of_the_summary(desktop: Opened, summary: Summary) -> None:
    assert summary.history is not None
    series = summary.history.series
    read = lambda source, column: desktop.page.evaluate(COLUMN, [source, column])  # noqa: E731 - a word for one line
    assert read("rates", "ok") == series.ok.tolist()
    assert read("rates", "failed") == series.failed.tolist()
    assert read("rates", "at") == [second + 0.5 for second in range(120)]
    assert read("levels", "ok") == np.float32([row.throughput_rps for row in summary.levels]).tolist()
    assert read("levels", "users") == [row.users_mean for row in summary.levels]


def test_every_chart_is_drawn_as_wide_as_its_place(desktop: Opened) -> None:
    boxes = desktop.page.evaluate(
        "[...document.querySelectorAll('.canvas')].map((place) =>"
        " [place.clientWidth, place.firstElementChild.getBoundingClientRect().width, place.clientHeight])"
    )
    assert len(boxes) == 9
    for wide, drawn, high in boxes:
        assert abs(wide - drawn) <= 1
        assert high >= 90


@pytest.mark.parametrize("viewport", [PHONE, SMALL_PHONE, DESKTOP], ids=["390", "360", "1280"])
def test_the_page_never_scrolls_sideways(browser: Browser, report: Path, viewport: dict[str, int]) -> None:
    page = opened(browser, report, viewport).page
    assert page.evaluate(OVERFLOW) == 0
    page.evaluate(ALL_OPEN)
    page.wait_for_function(DRAWN)
    assert page.evaluate(OVERFLOW) == 0
    page.close()


def test_a_window_that_grows_small_takes_the_charts_along(desktop: Opened) -> None:
    desktop.page.set_viewport_size(PHONE)
    desktop.page.wait_for_function(
        "[...document.querySelectorAll('.canvas')].every((place) =>"
        " Math.abs(place.firstElementChild.getBoundingClientRect().width - place.clientWidth) <= 1)"
    )
    assert desktop.page.evaluate(OVERFLOW) == 0


def test_the_keyboard_reaches_what_can_be_opened_and_pressed(desktop: Opened) -> None:
    page = desktop.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    stops = []
    for _ in range(300):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused == "BODY":
            break
        stops.append(focused)
    assert stops.count("SUMMARY") == page.locator("summary").count()
    assert stops.count("BUTTON") == page.locator("button:visible").count()
    assert set(stops) == {"A", "BUTTON", "SUMMARY", "DIV", "SELECT"}
    regions = page.locator(".scroller:visible").count()
    assert stops.count("DIV") == regions, "tables that scroll can be scrolled, and canvases are no stop"


def test_enter_opens_and_closes_details(desktop: Opened) -> None:
    page = desktop.page
    details = page.locator("#plan details")
    details.locator("summary").focus()
    for is_open in (True, False):
        page.keyboard.press("Enter")
        assert details.evaluate("(each) => each.open") is is_open


def test_a_link_to_an_action_opens_it(desktop: Opened) -> None:
    desktop.page.locator("a[href='#action-2']").click()
    desktop.page.wait_for_function("document.getElementById('action-2').open")


@pytest.mark.parametrize(("chart", "label", "line"), [("latency", "p99", "p99"), ("users", "active", "users")])
def test_a_key_hides_and_shows_its_line(desktop: Opened, chart: str, label: str, line: str) -> None:
    page = desktop.page
    key = page.locator(f"#figure-{chart} button.key", has_text=label)
    for is_shown in (False, True):
        key.focus()
        page.keyboard.press("Enter")
        assert key.get_attribute("aria-pressed") == str(is_shown).lower()
        assert page.evaluate(VISIBLE, [chart, line]) == [is_shown]


def test_the_filter_shows_one_action_and_then_all_of_them_again(desktop: Opened, summary: Summary) -> None:
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


def test_a_limit_of_one_action_is_drawn_beside_that_action_only(desktop: Opened) -> None:
    page = desktop.page
    for step, limits in (("1", ['p95("action-1") < 100ms']), ("2", []), ("", ["p95 < 500ms"])):
        page.select_option("#action-filter", step)
        assert page.evaluate(LIMITS_SHOWN) == limits


def test_instants_are_named_without_hours(desktop: Opened) -> None:
    named = desktop.page.evaluate(
        "Bokeh.documents[0].roots().find((root) => root.name === 'users').below[0].formatter.doFormat([0, 65, 3700])"
    )
    assert named == ["0:00", "1:05", "1:01:40"]


def test_dragging_shows_a_stretch_in_all_charts_and_a_button_the_whole_run(desktop: Opened) -> None:
    page = desktop.page
    place = page.locator("#chart-throughput")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    across = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, across)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, across, steps=8)
    page.mouse.up()
    whole = page.locator("#whole-run")
    whole.wait_for(state="visible")
    shown = "((range) => [range.start, range.end])(Bokeh.documents[0].get_model_by_name('time'))"
    start, end = page.evaluate(shown)
    assert 30 < start < end < 90
    assert page.evaluate(RANGES) == 1
    whole.click()
    assert page.evaluate(shown) == [0, 120]
    assert whole.is_hidden()


def test_a_finger_scrolls_the_page_over_a_chart(browser: Browser, report: Path) -> None:
    page = opened(browser, report, PHONE, has_touch=True, is_mobile=True).page
    assert page.evaluate(ZOOMING) == 0
    page.close()


def test_no_script_but_the_pages_own_runs(desktop: Opened) -> None:
    page = desktop.page
    page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.taken = true';"
        " document.body.append(script); }"
    )
    assert page.evaluate("window.taken") is None
    assert any("Content Security Policy" in said for said in desktop.said)


def test_on_paper_everything_is_open_and_charts_are_pictures_in_light(
    browser: Browser, report: Path, artefacts: Path
) -> None:
    page = opened(browser, report, DESKTOP, "dark").page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".canvas > canvas.picture").count() == 9
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open], .picture").count() == 0
    assert page.pdf(path=artefacts / "report.pdf", print_background=True).startswith(b"%PDF")
    page.close()


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("GRADUAL_ARTEFACTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_screenshots_are_kept(
    browser: Browser, report: Path, artefacts: Path, viewport: dict[str, int], scheme: str
) -> None:
    result = opened(browser, report, viewport, scheme)
    name = f"report-{viewport['width']}-{scheme}.png"
    result.page.screenshot(path=artefacts / name, full_page=True)
    ground = result.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(247, 247, 245)", "dark": "rgb(14, 16, 19)"}[scheme]
    assert (artefacts / name).stat().st_size > 50_000
    result.page.close()
