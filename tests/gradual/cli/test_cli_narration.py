"""What `gradual try` says is readable text: bodies are shown as text, cut when long, sized when they are none."""

import pytest

from gradual.cli.narration import MOST_BODY, Narrator, outcome_of, phrase_of, show_body
from gradual_agent.users.sample import INTERRUPTED, Sample
from gradual_common.batch import KIND
from gradual_common.masking import Mask


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b"one\ntwo", "\n\n  one\n  two"),
        (b"\x89PNG\r\n\x1a\n\x00", "\n\n  (9 bytes that are no text)"),
        (b"\xff\xfe", "\n\n  (2 bytes that are no text)"),
        ("naïve".encode(), "\n\n  naïve"),
    ],
)
def test_a_body_is_shown_as_what_it_is(body: bytes, shown: str) -> None:
    assert show_body(body) == shown


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = show_body(b"x" * (MOST_BODY + 5))
    assert shown.endswith("x… (5 characters more)")


@pytest.mark.parametrize(
    ("kind", "detail", "said"),
    [
        (0, "", "success"),
        (KIND["connect"], "refused", "failed: no connection (connect): refused"),
        (KIND["timeout"], "", "failed: timed out (timeout)"),
        (INTERRUPTED, "", "failed: interrupted"),
    ],
)
def test_an_outcome_names_the_kind_and_the_detail(kind: int, detail: str, said: str) -> None:
    sample = Sample()
    sample.kind, sample.detail = kind, detail
    assert outcome_of(sample, sample.explain(str)) == said


def test_a_status_that_fails_is_named_by_its_code() -> None:
    sample = Sample()
    sample.kind, sample.status_code = KIND["status"], 404
    assert outcome_of(sample, sample.explain(str)) == "failed: HTTP 404 (status)"


def test_a_status_without_a_phrase_has_none() -> None:
    assert (phrase_of(404), phrase_of(299)) == ("Not Found", "")


def test_conditions_tell_what_they_came_to() -> None:
    lines: list[str] = []
    narrator = Narrator(lines.append, Mask([]))
    for outcome in (True, False, "'x' is undefined"):
        narrator.tell_condition("pay", "x > 1", outcome)
    assert [line.strip() for line in lines] == [
        "pay: condition x > 1 is true",
        "pay: condition x > 1 is false: skipped",
        "pay: condition x > 1 cannot be evaluated: 'x' is undefined",
    ]
