"""The tree of a template: what it reads is known without rendering it, and what does not exist is a mistake at once."""

import pytest

from gradual_common.errors import TemplateError
from gradual_common.templates.templates import Condition, compile_template
from gradual_common.templates.trees import attributes_of, is_template, names_in


def test_names_and_attributes_that_a_text_reads_are_known_without_rendering_it() -> None:
    text = "{{ user.name }} {{ user['mail'] }} {{ token }} {{ uuid() }} {% set mine = 1 %}{{ mine }}"
    assert names_in(text) == {"user", "token"}
    assert attributes_of(text, "user") == {"name", "mail"}
    assert names_in("response.status == 'x'", condition=True) == {"response"}
    assert attributes_of("response.status == 'x'", "response", condition=True) == {"status"}
    assert names_in("plain") == frozenset()


@pytest.mark.parametrize(("text", "answer"), [("a {{b}}", True), ("{% if %}", True), ("{# #}", True), ("{a}", False)])
def test_a_template_is_known_by_its_delimiters(text: str, answer: bool) -> None:
    assert is_template(text) is answer


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ x | uper }}", "there is no filter 'uper'; did you mean 'upper'?"),
        ("{{ x | zzzzz }}", "there is no filter 'zzzzz'"),
        ("{% if x %}{{ y | uper }}{% endif %}", "there is no filter 'uper'"),
        ("{{ (y | uper) if x else y }}", "there is no filter 'uper'"),
        ("{% filter uper %}x{% endfilter %}", "there is no filter 'uper'"),
        ("{{ x is evn }}", "there is no test 'evn'; did you mean 'even'?"),
        ("{% if x %}{% if y is evn %}z{% endif %}{% endif %}", "there is no test 'evn'"),
        ("{{ xs | map('uper') | list }}", "there is no filter 'uper'"),
        ("{{ xs | select('evn') | list }}", "there is no test 'evn'"),
        ("{{ xs | rejectattr('a', 'evn') | list }}", "there is no test 'evn'"),
        ("{% include 'x' %}{{ y }}", "names another template"),
        ("{% import 'x' as y %}{{ y.z() }}", "names another template"),
    ],
)
def test_what_does_not_exist_is_a_mistake_when_it_is_compiled(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(text)
    assert message in str(caught.value)


def test_conditions_are_checked_as_well() -> None:
    with pytest.raises(TemplateError, match="there is no test 'evn'"):
        Condition("vu.slot is evn")


@pytest.mark.parametrize(
    "text",
    [
        "{{ xs | map(attribute='a') | map('upper') | select('string') | join }}",
        "{{ xs | selectattr('a') | list }}",
        "{{ x | tojson | base64 | random }}",
        "{{ x is defined and x is not none and x is divisibleby 3 }}",
    ],
)
def test_what_exists_is_none(text: str) -> None:
    assert compile_template(text).names
