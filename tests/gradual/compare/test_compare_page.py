"""The page: whole by itself, with a drawing per metric, and names that stay text."""

import re
from xml.etree import ElementTree

from compared_summaries import document, documents

from gradual.compare.page import render_page
from gradual_master.comparing.reading import read_run
from gradual_master.comparing.summaries import compare_sides, compare_summaries

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def test_the_page_has_the_verdict_and_a_drawing_for_each_metric() -> None:
    page = render_page(compare_summaries(documents("a"), documents("b", 1.15)))
    assert '<h1 class="worse">Worse: throughput' in page
    drawings = [ElementTree.fromstring(text) for text in SVG.findall(page)]
    assert [drawing.get("role") for drawing in drawings] == ["img"] * 6
    assert drawings[3].get("aria-label") == "p95 response: worse, +15.0 %, 95 % interval +14.4 to +15.6 %"
    assert len(drawings[3].findall("line[@class='interval']")) == 3
    (point,) = drawings[3].findall("circle")
    assert point.get("cx") == "87.5%"


def test_the_page_makes_no_request_and_is_for_light_and_dark_and_small_screens() -> None:
    page = render_page(compare_summaries(documents("a"), documents("b")))
    assert "default-src 'none'" in page
    assert not re.search(r"<script|src=|href=|url\(|@import", page)
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_names_of_files_cannot_change_the_page() -> None:
    sides = [[read_run(document("1"), "<img src=x>")], [read_run(document("2"), "b")]]
    page = render_page(compare_sides(*sides))
    assert "<img" not in page
    assert "&lt;img src=x&gt; against b" in page


def test_a_refusal_has_a_page_with_its_reasons() -> None:
    page = render_page(compare_summaries([document("a")], [document("b", plan_sha256="b" * 64)]))
    assert '<h1 class="inconclusive">Not compared</h1>' in page
    assert "b ran another plan than a" in page
    assert "<svg" not in page
