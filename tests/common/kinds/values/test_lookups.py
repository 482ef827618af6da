"""Values are looked up in one way each, and a library is loaded only by what needs it."""

import subprocess
import sys

import pytest

from gradual_common.kinds.content import Content, PlainResponse
from gradual_common.kinds.values.lookups import LOOKUPS


@pytest.mark.parametrize(
    ("source", "expression", "body", "value"),
    [
        ("json", "a.b", b'{"a": {"b": 1}}', 1),
        ("json", "a", b"<a/>", None),
        ("regex", "b=(.)", b"a=1 b=2", "2"),
        ("xpath", "count(//b)", b"<a><b/></a>", 1),
        ("css", "b::attr(c)", b"<a><b c='d'/></a>", "d"),
        ("header", "X-A", b"", None),
        ("cookie", "sid", b"", "s1"),
    ],
)
def test_each_finds_its_value(source: str, expression: str, body: bytes, value: object) -> None:
    kind = LOOKUPS[source]
    kind.check(expression)
    assert kind.compile(expression)(Content(PlainResponse(body)), {"sid": "s1"}.get) == value


def test_a_plan_without_them_loads_no_library_for_markup_and_schemas() -> None:
    program = (
        "import sys, gradual_agent.process.process, gradual_common.plan.loader;"
        "print([name for name in ('lxml', 'cssselect', 'jsonschema_rs') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
