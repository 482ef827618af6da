"""HTML and XML are told apart, read without entities, and searched by XPath and CSS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import QueryError
from gradual_common.kinds.values.markup import CssQuery, XPathQuery, check_css, check_xpath, read_markup


def found(expression: str, text: str) -> object:
    return XPathQuery(expression)(read_markup(text, text.encode()))


def selected(selector: str, text: str) -> object:
    return CssQuery(selector)(read_markup(text, text.encode()))


@pytest.mark.parametrize(
    ("text", "is_html"),
    [
        ("<!DOCTYPE html><p>a", True),
        ("\ufeff <!-- c --><HTML lang=en>", True),
        ('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0"><html xmlns="x"><p/></html>', True),
        ("<p>a<p>b", True),
        ("<order><Id>1</Id></order>", False),
        ('<?xml version="1.0" encoding="utf-8"?><htmlish/>', False),
    ],
)
def test_html_is_told_from_xml_by_its_first_element(text: str, is_html: bool) -> None:
    document = read_markup(text, text.encode())
    assert document is not None
    assert document.is_html is is_html


@pytest.mark.parametrize(
    "text", ["", " ", "plain", '{"a": 1}', '<?xml version="1.0"?><a><b></a>', "<", "<3", "<!-- -->"]
)
def test_other_bodies_are_no_document(text: str) -> None:
    assert read_markup(text, text.encode()) is None


@given(st.text() | st.text().map(lambda text: f"<html>{text}") | st.text().map(lambda text: f"<a>{text}</a>"))
def test_every_body_can_be_read_and_searched(text: str) -> None:
    document = read_markup(text, text.encode("utf-8", "surrogatepass"))
    for query in (XPathQuery("//*"), CssQuery("a, html")):
        if document is None:
            with pytest.raises(QueryError, match="neither HTML nor XML"):
                query(document)
        else:
            assert isinstance(query(document), str | None)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("//b", "x y"),
        ("//b/text()", "x"),
        ("//b/@id", "7"),
        ("string(//b/@id)", "7"),
        ("count(//b)", 2),
        ("number(//b/@id) div 2", 3.5),
        ("number(//b)", None),
        ("normalize-space(//b) = 'x y'", True),
        ("//missing", None),
        ("//comment()", "c"),
    ],
)
def test_the_first_value_is_a_text_a_number_or_a_boolean(expression: str, value: object) -> None:
    result = found(expression, "<a><b id='7'> x <!--c-->\n <i>y</i> </b><b/></a>")
    assert (result, type(result)) == (value, type(value))


def test_names_have_a_case_in_xml_only() -> None:
    assert (selected("Total", "<a><Total>1</Total></a>"), selected("total", "<a><Total>1</Total></a>")) == ("1", None)
    assert (selected("B", "<html><b>1</b>"), found("//B", "<html><B>1</B>")) == ("1", None)


def test_the_declaration_of_xml_names_its_encoding() -> None:
    body = '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("iso-8859-1")
    assert XPathQuery("/a")(read_markup(body.decode("utf-8", "replace"), body)) == "é"


def test_a_document_that_declares_entities_is_not_read() -> None:
    for entity in ('SYSTEM "file:///etc/hostname"', '"many"', "'&a;&a;'"):
        text = f"<!DOCTYPE a [<!ENTITY a 'x'><!ENTITY e {entity}>]><a>[&e;]</a>"
        assert read_markup(text, text.encode()) is None
    assert found("//a", "<!DOCTYPE a><a>&lt;&#65;</a>") == "<A"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("", "an XPath expression is expected"),
        ("//a[", "is not an XPath expression"),
        ("//s:Body", r"prefix 's', which nothing declares; write \*\[local-name"),
        ("nothing(//a)", "cannot be evaluated: Unregistered function"),
        ("$x", "cannot be evaluated: Undefined variable"),
        ("re:test(//a, 'x')", "prefix 're'"),
        (5, "found 5"),
    ],
)
def test_a_wrong_xpath_is_told(wrong: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_xpath(wrong)


def test_axes_and_literals_with_colons_are_no_prefixes() -> None:
    for right in ("//a/following-sibling::b", "//a[.='s:x']", "//*[local-name()='Body']"):
        assert check_xpath(right) == right


@pytest.mark.parametrize("wrong", ["", "a..b", "a::before", "a:nothing", "a > 3", "::attr(x", "a::attr(x)::attr(y)", 5])
def test_a_wrong_selector_is_told(wrong: object) -> None:
    with pytest.raises(ValueError, match="CSS selector"):
        check_css(wrong)
