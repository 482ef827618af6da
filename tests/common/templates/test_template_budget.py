"""No template stops its agent or uses up its memory, with any values; within the limits it is rendered as usual."""

from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gradual_common.errors import TemplateError
from gradual_common.templates.budget import MAX_RENDER_STEPS, MAX_TEXT_LENGTH
from gradual_common.templates.templates import Condition, compile_template, compile_value

HUGE = 10**10
SCOPE: dict[str, Any] = {
    "n": HUGE,
    "text": "x" * 1_000_000,
    "items": list(range(1000)),
    "mark": "%" + str(HUGE) + "d",
    "field": "{:" + str(HUGE) + "}",
    "tabs": "\t" * 1000,
    "tree": {"children": list(range(99_999))},
}
DOUBLED = "{% set s = namespace(l=[]) %}{% for a in range(64) %}{% set s.l = [s.l, s.l] %}{% endfor %}"
"""A list of 64 lists, which written out are 2⁶⁴."""


@pytest.mark.parametrize(
    ("template", "limit"),
    [
        ("{{ 'x' * n }}", "characters"),
        ("{{ n * 'x' }}", "characters"),
        ("{{ 'x' * 10000000000 }}", "characters"),
        ("{{ [1] * n }}", "characters"),
        ("{{ 'x'.encode() * n }}", "characters"),
        ("{{ n ** n }}", "bits"),
        ("{{ 2 ** 100000 }}", "bits"),
        ("{{ (2 ** 60000) * (2 ** 60000) }}", "bits"),
        ("{{ mark % 1 }}", "width"),
        ("{{ '%*d' % (n, 1) }}", "width"),
        ("{{ ('%s' * 100) % text }}", "characters"),
        ("{{ '%1000000d%100000000d' % (1, 2) }}", "width"),
        ("{{ ('%(a)s' * 100) % {'a': text} }}", "characters"),
        ("{{ field.format(1) }}", "width"),
        ("{{ '{:{w}}'.format(1, w=n) }}", "width"),
        ("{{ ('{0}' * 100).format(text) }}", "characters"),
        ("{{ '{a:{b}}'.format_map({'a': 1, 'b': n}) }}", "width"),
        ("{{ mark | format(1) }}", "width"),
        ("{{ 'x'.ljust(n) }}", "characters"),
        ("{{ 'x'.rjust(n) }}", "characters"),
        ("{{ 'x'.center(n) }}", "characters"),
        ("{{ '1'.zfill(n) }}", "characters"),
        ("{{ tabs.expandtabs(n) }}", "characters"),
        ("{{ text.replace('x', text) }}", "characters"),
        ("{{ text.join(items | map('string')) }}", "characters"),
        ("{{ text.translate({120: text}) }}", "characters"),
        ("{{ (1).to_bytes(n, 'big') }}", "characters"),
        ("{{ 'x' | center(n) }}", "characters"),
        ("{{ 'x' | indent(n, first=True) }}", "characters"),
        ("{{ 'x' | indent(text * 40) }}", "characters"),
        ("{{ text | replace('x', text) }}", "characters"),
        ("{{ items | join(text) }}", "characters"),
        ("{{ text | wordwrap(1, wrapstring=text) }}", "characters"),
        ("{{ [1] | slice(n) | list }}", "characters"),
        ("{{ [1] | batch(n, 0) | list }}", "characters"),
        ("{{ 1.5 | round(n, 'ceil') }}", "digits"),
        ("{{ items | map('center', 1000000) | join }}", "characters"),
        ("{{ items | map('center', 1000000) | list }}", "characters"),
        ("{{ {'a': 1} | tojson(n) }}", "indent"),
        ("{{ tojson({'a': 1}, indent=n) }}", "indent"),
        ("{{ random_string(n) }}", "characters"),
        ("{{ range(n) | list }}", "Range too big"),
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", "steps"),
        ("{% for a in range(1000) %}{{ text }}{% endfor %}", "characters"),
        ("{% for a in range(1000) %}{% set b %}{{ text }}{% endset %}{% endfor %}", "characters"),
        ("{% set s = namespace(t='x') %}{% for a in range(64) %}{% set s.t = s.t ~ s.t %}{% endfor %}", "characters"),
        ("{% set s = namespace(t='x') %}{% for a in range(64) %}{% set s.t = s.t + s.t %}{% endfor %}", "characters"),
        ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(64) }}", "steps"),
        (
            "{% for a in range(99) recursive %}{% if loop.depth < 4 %}{{ loop(range(99)) }}{% endif %}{% endfor %}",
            "steps",
        ),
        ("{% for a in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}", "recursion"),
        ("{{ (text * 8) | wordwrap(3) }}", "characters"),
        ("{{ ('( ' * 99999) | wordwrap(3) }}", "items"),
        ("{{ ('(' * 50000) | urlize }}", "items"),
        ("{{ text | list | length }}", "items"),
        ("{{ text | unique | list }}", "items"),
        ("{{ range(99999) | map('string') | list }}", "items"),
        ("{{ items | select('in', items * 99) | list }}", "items"),
        ("{% for a in items if a not in items * 99 %}{% endfor %}", "items"),
        ("{% for a in range(9999) if 'y' in text %}{% endfor %}", "items"),
        ("{{ ([items] * 50000) | sum(start=[]) }}", "characters"),
        ("{{ ([items] * 99) | pprint }}", "items"),
        (DOUBLED + "{{ s.l }}", "values"),
        (DOUBLED + "{{ s.l | string }}", "values"),
        (DOUBLED + "{{ s.l | tojson }}", "values"),
        (DOUBLED + "{{ s.l | pprint }}", "items"),
        (DOUBLED + "{{ '%s' % (s.l,) }}", "values"),
        (DOUBLED + "{{ '{0}'.format(s.l) }}", "values"),
        (DOUBLED + "{{ s.l ~ '' }}", "values"),
        (DOUBLED + "{{ [s.l] | join }}", "values"),
        ("{% for a in range(19999) %}" + "x" * 4000 + "{% endfor %}", "characters"),
    ],
)
def test_what_would_go_beyond_a_limit_is_not_begun_and_the_error_names_it(template: str, limit: str) -> None:
    with pytest.raises(TemplateError, match=limit):
        compile_value(template).render(SCOPE)
    with pytest.raises(TemplateError, match=limit):
        compile_value(template).render_text(SCOPE)


def test_a_condition_is_bounded_too() -> None:
    with pytest.raises(TemplateError, match="characters"):
        Condition("'x' * n == ''").holds(SCOPE)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'ab' * 3 }}{{ 3 * 'ab' }}{{ [1] * 2 }}{{ 2 * 3 }}{{ 2 * 1.5 }}",
        "{{ 2 ** 10 }}{{ 2 ** -1 }}{{ 1.5 ** 2 }}",
        "{{ 'a' + 'b' }}{{ 1 + 2 }}{{ [1] + [2] }}",
        "{{ 7 % 4 }}{{ '%s is %5.2f%%' % ('a', 1.5) }}{{ '%(a)s' % {'a': 1} }}{{ '12345678901 %s' % 'a' }}",
        "{{ '{0}{a:>5}'.format(1, a=2) }}{{ '{a}'.format_map({'a': 1}) }}",
        "{{ 'a'.ljust(3) }}{{ 'a'.center(5, '-') }}{{ '7'.zfill(3) }}{{ 'a\tb'.expandtabs(4) }}",
        "{{ 'aXb'.replace('X', 'yy', 1) }}{{ '-'.join(['a', 'b']) }}{{ 'abc'.translate({97: 'z'}) }}",
        "{{ (258).to_bytes(2, 'big') }}",
        "{{ 'a' | center(5) }}{{ 'a\nb' | indent(2, true) }}{{ 'aXb' | replace('X', 'y') }}{{ [1, 2] | join('-') }}",
        "{{ [{'a': {'b': 1}}, {'a': {'b': 2}}] | join(', ', attribute='a.b') }}",
        "{{ [[1], [2]] | join('', 0) }}{{ 'abc' | join('.') }}",
        "{{ 'aa bb cc' | wordwrap(2) }}{{ [1, 2, 3] | slice(2) | list }}{{ [1, 2, 3] | batch(2, 0) | list }}",
        "{{ 1.256 | round(2) }}{{ '%s-%s' | format(1, 2) }}{{ 1 ~ 'a' ~ true }}{{ ('a' ~ 'b') | upper }}",
        "{% for a in [3, 1] %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% else %}none{% endfor %}",
        "{% for a in [] %}{% else %}none{% endfor %}{% for a, b in {'x': 1}.items() %}{{ a }}{{ b }}{% endfor %}",
        "{% for a in [1, 2, 3] if a != 2 %}{{ a }}{{ loop.nextitem | default('-') }}{% endfor %}",
        "{% for a in [{'k': [{'k': []}]}] recursive %}({{ loop(a.k) }}){% endfor %}",
        "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) ~ m(2) }}{% set b %}{{ m(3) }}{% endset %}{{ b }}",
        "{% filter upper %}a{{ 'b' ~ 'c' }}{% endfilter %}",
        "{{ 'x' * 1000000 }}",
        "{{ 2 in [1, 2] }}{{ 'b' not in 'abc' }}{{ 'a' in {'a': 1} }}{{ [1, 2, 3] | select('in', [2]) | list }}",
        "{{ [1, 2] | sum }}{{ [{'a': 1}, {'a': 2.5}] | sum(attribute='a') }}{{ [[1], [2]] | sum(start=[]) }}",
        "{{ [[1, 2], [3, 4]] | sum(1) }}{{ [] | sum(start=7) }}{{ [1, 2] | pprint }}{{ [1] | string }}",
        "{{ [3, 1] | sort }}{{ [1, 1] | unique | list }}{{ [1, 2] | max }}{{ 'ab' | list }}{{ {'b': 1} | dictsort }}",
        "{{ [{'a': 1}] | groupby('a') }}{{ 'see www.a.example' | urlize }}",
    ],
)  # fmt: skip
def test_within_the_limits_everything_is_as_in_plain_jinja(template: str) -> None:
    plain = ImmutableSandboxedEnvironment(keep_trailing_newline=True).from_string(template).render()
    assert compile_template(template).render_text({}) == plain


def test_the_limits_leave_room_for_large_bodies() -> None:
    assert len(compile_template("{{ 'x' * size }}").render_text({"size": MAX_TEXT_LENGTH // 2})) == MAX_TEXT_LENGTH // 2
    turns = compile_template("{% for a in range(n) %}{% endfor %}done")
    assert turns.render_text({"n": MAX_RENDER_STEPS - 1}) == "done"


def test_a_budget_is_of_one_rendering() -> None:
    template = compile_template("{{ 'x' * size }}")
    for _ in range(3):
        assert len(template.render_text({"size": MAX_TEXT_LENGTH // 2})) == MAX_TEXT_LENGTH // 2
