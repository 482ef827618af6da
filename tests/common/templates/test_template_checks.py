"""What a template asks for by name exists, wherever it stands: else it is a mistake before any user meets it."""

import pytest

from gradual_common.errors import TemplateError
from gradual_common.templates.templates import Condition, compile_template


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
