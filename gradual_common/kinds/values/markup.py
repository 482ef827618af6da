"""HTML and XML in responses: how a body is read, and how XPath 1.0 and CSS selectors find values in it.

Both are searched by libxml2 (lxml); a CSS selector is translated to XPath once (cssselect). A document is HTML if its
first element is `html` or it begins with the doctype of HTML; other documents are XML if they are well-formed, else a
part of a page, read as HTML. What does not begin with a tag is neither.

A document of a stranger is read: one that declares entities is refused, no DTD is loaded, nothing is fetched, and
libxml2's limits of size and depth hold. EXSLT's regular expressions are off, as they backtrack.

This module is imported only when a plan uses it: it takes 15 ms.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from cssselect import GenericTranslator, HTMLTranslator
from cssselect.parser import SelectorError
from lxml import etree

from gradual_common.errors import QueryError
from gradual_common.language.wording import kind_of
from gradual_common.secrecy.quoting import shorten

_HTML = re.compile(r"\s*(<\?[^>]*>\s*|<!--.*?-->\s*)*<(!doctype\s+html\b|html[\s>/])", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[A-Za-z_:!?]")
_ATTRIBUTE = re.compile(r"\s*::attr\(\s*([A-Za-z_][\w.:-]*)\s*\)\s*")
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_PREFIX = re.compile(r"(?<![\w:.-])([A-Za-z_][\w.-]*):(?=[A-Za-z_*])")

_HTML_PARSER = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
_XML_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_STRING = etree.XPath("string()", smart_strings=False)
_PROBE = etree.fromstring("<x/>")


@dataclass(frozen=True, slots=True)
class Markup:
    """A document that was read."""

    root: Any
    is_html: bool
    """Names of HTML have no case, those of XML have."""


def read_markup(text: str, body: bytes) -> Markup | None:
    """The document in a body, which is given as text, too; None when it is neither HTML nor XML."""
    text = text.lstrip("\ufeff \t\r\n\f")
    if not _TAG.match(text):
        return None
    if not _HTML.match(text):
        # From its bytes, as the declaration of XML names their encoding.
        root = _parsed(body.lstrip(), _XML_PARSER)
        if root is not None:
            return None if _declares_entities(root) else Markup(root, False)
        if text.startswith("<?xml"):
            return None
    root = _parsed(text.encode("utf-8", "replace"), _HTML_PARSER)
    return None if root is None else Markup(root, True)


def _parsed(data: bytes, parser: Any) -> Any:
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError):
        return None


def _declares_entities(root: Any) -> bool:
    dtd = root.getroottree().docinfo.internalDTD
    return dtd is not None and any(True for _ in dtd.iterentities())


class XPathQuery:
    """A compiled XPath expression. Calling it finds the first value; ValueError for an expression that is wrong."""

    __slots__ = ("_expression", "_find", "_holds")

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._find = _compiled(expression)
        self._holds = _compiled(f"boolean({expression})")
        self(Markup(_PROBE, False))

    def __call__(self, document: Markup | None) -> Any:
        """The first value: a text, a number or a boolean; None for nothing. QueryError if it cannot be evaluated."""
        return _value_of(_evaluate(self._find, _root_of(document), self._expression))

    def holds(self, document: Markup | None) -> bool:
        """Whether it finds a node, or its value is true (XPath 1.0, 4.3)."""
        return bool(_evaluate(self._holds, _root_of(document), self._expression))


class CssQuery:
    """A compiled CSS selector, `::attr(name)` after it for an attribute. ValueError for one that is wrong."""

    __slots__ = ("_attribute", "_expression", "_html", "_xml")

    def __init__(self, expression: str) -> None:
        self._expression = expression
        attribute = _ATTRIBUTE.search(expression)
        if attribute is not None and attribute.end() != len(expression):
            raise ValueError(f"{shorten(expression)!r} is not a CSS selector: ::attr(…) comes last")
        self._attribute = attribute[1] if attribute else None
        selector = expression[: attribute.start()] if attribute else expression
        try:
            self._html = _compiled(HTMLTranslator().css_to_xpath(selector))
            self._xml = _compiled(GenericTranslator().css_to_xpath(selector))
        except (SelectorError, ValueError, RecursionError) as error:
            raise ValueError(f"{shorten(expression)!r} is not a CSS selector: {_one_line(error)}") from None

    def __call__(self, document: Markup | None) -> str | None:
        """The text, or the attribute, of the first element; None without one."""
        root = _root_of(document)
        is_html = document is not None and document.is_html
        found = _evaluate(self._html if is_html else self._xml, root, self._expression)
        if self._attribute is None or not found:
            return _text_of(found[0]) if found else None
        value = found[0].get(self._attribute)
        return None if value is None else _normal(value)


def check_xpath(value: Any) -> str:
    """An XPath expression that can be evaluated."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"an XPath expression is expected; found {kind_of(value)}")
    if prefix := _PREFIX.search(_LITERAL.sub("''", value)):
        name = prefix[1]
        raise ValueError(
            f"{shorten(value)!r} uses the namespace prefix {name!r}, which nothing declares; "
            "write *[local-name()='Name'] for an element in a namespace"
        )
    try:
        XPathQuery(value)
    except QueryError as error:
        raise ValueError(str(error)) from None
    return value


def check_css(value: Any) -> str:
    """A CSS selector."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"a CSS selector is expected; found {kind_of(value)}")
    CssQuery(value)
    return value


def _compiled(expression: str) -> Any:
    try:
        return etree.XPath(expression, regexp=False, smart_strings=False)
    except (etree.XPathError, ValueError) as error:
        raise ValueError(f"{shorten(expression)!r} is not an XPath expression: {_one_line(error)}") from None


def _root_of(document: Markup | None) -> Any:
    if document is None:
        raise QueryError("the body is neither HTML nor XML")
    return document.root


def _evaluate(search: Any, root: Any, expression: str) -> Any:
    try:
        return search(root)
    except Exception as error:  # Its functions raise more than XPathError.
        raise QueryError(f"{shorten(expression)!r} cannot be evaluated: {_one_line(error)}") from error


def _value_of(result: Any) -> Any:
    if isinstance(result, list):
        return _text_of(result[0]) if result else None
    if isinstance(result, float):
        whole = math.isfinite(result) and result.is_integer()
        return None if math.isnan(result) else int(result) if whole else result
    return _normal(result) if isinstance(result, str) else result


def _text_of(node: Any) -> str:
    """The string value of a node (XPath 1.0, 5); attributes and texts are found as such."""
    if isinstance(node, str):
        return _normal(node)
    is_element = isinstance(node.tag, str)  # Of comments and processing instructions it is a function.
    return _normal(str(_STRING(node)) if is_element else node.text or "")


def _normal(text: str) -> str:
    """White space as a browser shows it: one blank, and none around."""
    return " ".join(text.split())


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
