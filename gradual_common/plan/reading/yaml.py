"""Safe YAML with a line number for everything.

PyYAML parses the text to nodes; the nodes become plain values here, so that nothing is ever constructed from a tag,
aliases expand within bounds, and each path keeps its mark. Mistakes are collected, not raised.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gradual_common.errors import Problem
from gradual_common.language.document import Document, Mark, Path, Plain, mapping_at
from gradual_common.plan.reading.syntax_hints import QUOTE_TEMPLATE, describe_syntax_error

MAX_VALUES = 200_000
"""Values in a plan after aliases are expanded: stops a document that doubles itself again and again."""

MAX_DEPTH = 60
MERGE = "<<"
PLAIN = "plain"
TEXT, SEQUENCE, MAPPING = (f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")} | {PLAIN}

_STANDS_FOR_ITSELF = re.compile("[\x7f-\x9f\u2028\u2029\ufffe\uffff]")
"""YAML 1.2 and JSON treat these like other characters. PyYAML reads YAML 1.1: it breaks lines at some, refuses others.

So they are replaced while PyYAML reads, by private characters that the text does not use.
"""

_PRIVATE_END = 0x10FFFD

_SURROGATE = re.compile("[\ud800-\udfff]")


BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
WORDS = {**dict.fromkeys(("", "~", "null", "Null", "NULL")), **BOOLEANS}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

MAX_NUMBER_LENGTH = 400
"""More digits than any number of a plan needs; Python refuses to read very long ones."""


class PlanLoader(yaml.SafeLoader):
    """Distinguishes plain scalars from tagged and quoted ones, and leaves their meaning to `read_scalar`."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        """The tag of a node that has none."""
        if kind is ScalarNode:
            return PLAIN if implicit[0] else TEXT
        return SEQUENCE if kind is SequenceNode else MAPPING


def read_scalar(text: str) -> Any:
    """The value of a plain scalar; ValueError for numbers that JSON cannot carry.

    It has the type of YAML 1.2's core schema (10.3.2), except that a leading zero makes text: `NO`, `on`, `012345`,
    `1_000` and `2026-11-01` are text.
    """
    if text in WORDS:
        return WORDS[text]
    if len(text) > MAX_NUMBER_LENGTH:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that a plan can hold; quote it if it is text")
    if not _FLOAT.fullmatch(text):
        return text
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is too large a number; quote it if it is text")
    return number


def read_document(text: str, name: str) -> Document:
    """The plan in `text`; what cannot be read is in `problems`, and left out."""
    document = Document({}, name)
    node = _compose(text, document)
    if node is None:
        return document
    value = _Reader(document, text).read(node, ())
    if isinstance(value, dict):
        document.root = {key: entry for key, entry in value.items() if not key.startswith("x-")}
    else:
        found = "text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a single value"
        document.report((), f"this is not a plan: a plan is a mapping with config, users and actions; found {found}")
    return document


def read_value(text: str, name: str) -> Document:
    """A document that holds the value, read as YAML would after `key:`, under the key ""."""
    document = Document({}, name)
    node = _compose(text, document, may_quote=False, empty="")
    document.root = {"": _Reader(document, text).read(node, ("",)) if node is not None else None}
    return document


def _compose(text: str, document: Document, *, may_quote: bool = True, empty: str = "the plan is empty") -> Node | None:
    try:
        nodes: list[Node] = list(yaml.compose_all(text.translate(_stand_ins(text)), PlanLoader))
    except yaml.YAMLError as error:
        document.problems.append(describe_syntax_error(error, text, document.name, may_quote=may_quote))
        return None
    except RecursionError:
        document.problems.append(Problem("this is not YAML: it is nested too deeply", file=document.name))
        return None
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        document.problems.append(Problem("a plan is one YAML document; a second begins", "", document.name, line))
        return None
    if not nodes and empty:
        document.report((), empty, "write one with `gradual init`")
    return nodes[0] if nodes else None


def _stand_ins(text: str) -> dict[int, str]:
    """For each character that YAML must not interpret, another one that the text does not hold."""
    found = sorted(set(_STANDS_FOR_ITSELF.findall(text)))
    unused = (chr(number) for number in range(_PRIVATE_END, 0x100000, -1) if not found or chr(number) not in text)
    return {ord(character): stand_in for character, stand_in in zip(found, unused, strict=False)}


class _Reader:
    """Turns nodes into values, once per place in the plan (an alias is read again at each place)."""

    # A line number belongs to a path, not to a value: after variables and options have changed the values, and pydantic
    # has copied them, the path is what a mistake still knows. So every path gets its mark when its node is read.
    #   A key's mark is that of the key, not of the value: `behavior:` may be lines above its first step, and it is the
    # key that people look for. `setdefault` in `read` keeps it when the value is read right after.
    #   An anchor has one node and many aliases. Each alias is read again, under its own path, but its marks are the
    # anchor's lines: the author has to change the text there. Since aliases are read again, a document of 300 bytes can
    # double itself to billions of values, or contain itself: so values are counted, and open nodes are remembered.
    #   The keys of `<<` come last and replace nothing, neither values nor marks: they are read with separate marks, and
    # a mark is copied only if its path has none yet.

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._written = {ord(stand_in): chr(character) for character, stand_in in _stand_ins(text).items()}
        self._values = 0
        self._open: list[int] = []

    def read(self, node: Node, path: Path) -> Any:
        """The value of a node; None, and a problem, if it has none."""
        self._document.marks.setdefault(path, self._mark(node))
        reported = len(self._document.problems)
        may_enter = self._may_enter(node, path)
        value = self._read_inside(node, path) if may_enter else None
        if value is None and (not may_enter or len(self._document.problems) > reported):
            self._document.marks[path] = replace(self._document.marks[path], is_unread=True)
        return value

    def _read_inside(self, node: Node, path: Path) -> Any:
        self._open.append(id(node))
        try:
            return self._convert(node, path)
        finally:
            self._open.pop()

    def _may_enter(self, node: Node, path: Path) -> bool:
        self._values += 1
        if self._values > MAX_VALUES:
            if self._values == MAX_VALUES + 1:
                self._report(node, path, f"the plan has more than {MAX_VALUES} values once its aliases are expanded")
            return False
        if id(node) in self._open:
            self._report(node, path, "an alias is inside the value that it refers to")
            return False
        if len(self._open) >= MAX_DEPTH:
            hint = f"mappings and lists count, at most {MAX_DEPTH} inside each other: a step in a step is two of them"
            self._report(node, path, "this is nested too deeply", hint)
            return False
        return True

    def _convert(self, node: Node, path: Path) -> Any:
        if node.tag not in CORE_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._report(node, path, f"the tag {tag} is not allowed: a plan holds plain values only")
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, SequenceNode):
            return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._mapping(node.value, path)

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text = self._text(node)
        if node.tag == TEXT:
            return text
        if "${" in text:
            return Plain(text)
        try:
            return read_scalar(text)
        except ValueError as error:
            self._report(node, path, str(error))
            return None

    def _text(self, node: ScalarNode) -> str:
        r"""As it is written: stand-ins undone, and two escapes joined where they are one character, as JSON writes it.

        `"\ud83d\ude00"` is 😀 (RFC 8259, 7).
        """
        text: str = node.value.translate(self._written)
        if not _SURROGATE.search(text):
            return text
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")

    def _mapping(self, entries: list[tuple[Node, Node]], path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[tuple[Node, Node]] = []
        for key_node, value_node in entries:
            if isinstance(key_node, ScalarNode) and key_node.value == MERGE and key_node.tag == PLAIN:
                merged.append((key_node, value_node))
            elif (key := self._key(key_node, path)) is None:
                continue
            elif key in values:
                first = self._document.marks[(*path, key)].line
                self._report(key_node, (*path, key), f"the key {key!r} is here twice; it was first on line {first}")
            else:
                self._document.marks[(*path, key)] = self._mark(key_node)
                values[key] = self.read(value_node, (*path, key))
        for key_node, value_node in merged:
            self._merge(values, key_node, value_node, path)
        return values

    def _key(self, node: Node, path: Path) -> str | None:
        if isinstance(node, ScalarNode):
            return self._text(node)
        hint = QUOTE_TEMPLATE if isinstance(node, MappingNode) else ""  # `{{x}}` is a mapping in a mapping.
        self._report(node, path, "a key is a text, not a mapping or a list", hint)
        return None

    def _merge(self, values: dict[str, Any], key_node: Node, value_node: Node, path: Path) -> None:
        """`<<`: keys of the mapping, or of a list of mappings, that are not there yet."""
        sources = value_node.value if isinstance(value_node, SequenceNode) else [value_node]
        for source in sources:
            if not isinstance(source, MappingNode):
                self._report(key_node, path, "<< takes a mapping or a list of mappings, such as *anchor")
                continue
            around, self._document.marks = self._document.marks, {}
            brought = mapping_at(self.read(source, path))
            brought_marks, self._document.marks = self._document.marks, around
            for key, value in brought.items():
                values.setdefault(key, value)
            for place, mark in brought_marks.items():
                around.setdefault(place, mark)

    def _mark(self, node: Node) -> Mark:
        return Mark(self._document.name, node.start_mark.line + 1)

    def _report(self, node: Node, path: Path, message: str, hint: str = "") -> None:
        mark = self._mark(node)
        problem = self._document.problem(path, message, hint)
        self._document.problems.append(replace(problem, file=mark.file, line=mark.line))
