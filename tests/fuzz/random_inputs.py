"""Random plans, data rows and responses, with valid and invalid values.

A seed gives an input, which is composed of the values in `input_values.py`. Some bytes of some responses are then
changed at random.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from random import Random
from typing import Any

from input_values import (
    BLOCKS,
    CHARSETS,
    COMPARISONS,
    COOKIES,
    FILTERS,
    HEADER_NAMES,
    LOCATIONS,
    NAMES,
    NESTED,
    NOT_JSON,
    NUMBERS,
    OPERATORS,
    PATTERNS,
    QUERIES,
    STATUSES,
    TEXTS,
)

RandomInput = tuple[dict[str, Any], dict[str, dict[str, Any]], Iterator[list[bytes]]]
"""The document of a plan, the user's rows, and the system's responses; a response is a list of chunks."""


class InputGenerator:
    """Makes the input of one seed."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def input(self) -> RandomInput:
        return self.plan(), {"user": {"a": self.value(), "b": self.value()}}, self.responses()

    def expression(self, depth: int = 2) -> str:
        """An expression of a template."""
        random = self.random
        if depth == 0 or random.random() < 0.3:
            return random.choice(NAMES) if random.random() < 0.8 else self.constant()
        if random.random() < 0.5:
            return f"({self.expression(depth - 1)})|{random.choice(FILTERS)}"
        return random.choice(OPERATORS).format(x=f"({self.expression(depth - 1)})", y=f"({self.expression(depth - 1)})")

    def constant(self) -> str:
        value = self.random.choice(("x", 3, 1.5, True, [1, "a"], {"a": 1}, 10**10))
        return repr(value)

    def template(self) -> str:
        random = self.random
        if random.random() < 0.5:
            return "plain"
        if random.random() < 0.25:
            return random.choice(BLOCKS).format(x=self.expression(1), y=self.expression(1))
        expression = f"{{{{ {self.expression()} }}}}"
        return expression if random.random() < 0.5 else f"a{expression}b"

    def plan(self) -> dict[str, Any]:
        random = self.random
        steps: list[dict[str, Any]] = [{"action": "first"}, {"action": "second"}]
        for step in steps:
            if random.random() < 0.3:
                step["condition"] = self.expression()
        steps.append({"action": "second", "condition": "true"})
        group = {"name": "g", "concurrency": 1, "iterations": 2, "behavior": steps}
        if random.random() < 0.1:
            group |= {"on_start": [{"action": "first"}]}
        if random.random() < 0.2:
            group |= {
                "cookies": random.choice(("per_iteration", "per_user")),
                "connections": random.choice(("close", "keep_alive")),
            }
        return {
            "config": {"name": "fuzz", "base_url": "http://bank", "duration": "1h", "timeout": "2s"},
            "users": [group],
            "actions": {"first": self.action(), "second": self.action()},
        }

    def action(self) -> dict[str, Any]:
        random = self.random
        action: dict[str, Any] = {"url": f"/{self.template()}", "method": random.choice(("GET", "POST", "HEAD"))}
        if random.random() < 0.4:
            action["headers"] = {random.choice(("X-A", "Cookie", "Content-Type", "Host")): self.template()}
        if random.random() < 0.3:
            action["query"] = {"q": self.template(), "r": [self.template(), 1]}
        body = random.random()
        if body < 0.3:
            action["body"] = random.choice(
                (self.template(), {"a": self.template(), "b": [self.template(), None]}, [self.template()])
            )
        elif body < 0.4:
            action["form"] = {"f": self.template()}
        if random.random() < 0.1:
            action["max_body"] = random.choice((1, 100))
        action["assertions"] = [self.assertion() for _ in range(random.randrange(4))]
        action["extract"] = {name: self.extraction() for name in ("token", "found") if random.random() < 0.5}
        return action

    def assertion(self) -> dict[str, Any]:
        random = self.random
        kind = random.randrange(7)
        if kind == 0:
            return {"status_code": random.choice((200, "2xx", [200, 404], "200-299"))}
        if kind == 1:
            return {"response_time": random.choice(("< 500ms", "> 1h", "== 1ms"))}
        if kind == 2:
            return {"body_size": random.choice(("> 1KB", "< 10", 3))}
        if kind == 3:
            return {"body_contains": self.template()}
        if kind == 4:
            return {"body_matches": random.choice(PATTERNS)}
        if kind == 5:
            name = random.choice(HEADER_NAMES)
            operator = random.choice(("==", "!=", "contains", "in", "exists"))
            return {"header": {"name": name, operator: self.expected(operator)}}
        operator = random.choice((*COMPARISONS, "in", "exists"))
        return {"json": {"path": random.choice(QUERIES), operator: self.expected(operator)}}

    def expected(self, operator: str) -> Any:
        if operator == "exists":
            return True
        if operator == "in":
            return [self.template(), 1]
        if operator == "matches":
            return self.random.choice((*PATTERNS, self.template()))
        return self.random.choice((self.template(), self.template(), 1, 1.5, True, [1], {"a": self.template()}))

    def extraction(self) -> Any:
        random = self.random
        source = random.choice(
            (
                f"json: {random.choice(QUERIES)}",
                f"regex: {random.choice(PATTERNS)}",
                f"header: {random.choice(HEADER_NAMES)}",
                "cookie: s",
            )
        )
        return source if random.random() < 0.6 else {"from": source, "default": self.random.choice((None, 1, "d", [1]))}

    def value(self, depth: int = 3) -> Any:
        """A value of a data row or of a JSON body."""
        random = self.random
        kind = random.random()
        if depth and kind < 0.2:
            return [self.value(depth - 1) for _ in range(random.randrange(4))]
        if depth and kind < 0.4:
            return {random.choice(("a", "b", "s", *TEXTS)): self.value(depth - 1) for _ in range(random.randrange(4))}
        if kind < 0.7:
            return random.choice(TEXTS)
        return random.choice((*NUMBERS, None, True, False))

    def responses(self) -> Iterator[list[bytes]]:
        while True:
            yield self.split(self.response())

    def split(self, data: bytes) -> list[bytes]:
        """The data as the network delivers it: in one, two or three chunks."""
        cuts = sorted(self.random.randrange(len(data) + 1) for _ in range(self.random.choice((0, 0, 1, 2))))
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def response(self) -> bytes:
        random = self.random
        body, fields = self.body()
        status = random.choice(STATUSES)
        for _ in range(random.randrange(4)):
            fields.append(self.field())
        if status in {301, 302, 303, 307} or random.random() < 0.05:
            fields.append(("Location", random.choice(LOCATIONS)))
        framing = random.random()
        if framing < 0.7:
            fields.append(("Content-Length", str(len(body))))
        elif framing < 0.85:
            fields.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        random.shuffle(fields)
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        data = f"HTTP/1.1 {status} X\r\n{head}\r\n".encode(random.choice(("latin-1", "utf-8")), "replace") + body
        return self.mutate(data) if random.random() < 0.15 else data

    def mutate(self, data: bytes) -> bytes:
        """Replace, delete or insert some bytes."""
        changed = bytearray(data)
        for _ in range(self.random.randrange(1, 4)):
            position = self.random.randrange(len(changed) or 1)
            changed[position : position + self.random.randrange(3)] = self.random.randbytes(self.random.randrange(3))
        return bytes(changed)

    def field(self) -> tuple[str, str]:
        random = self.random
        kind = random.randrange(4)
        if kind == 0:
            return "Set-Cookie", random.choice(COOKIES)
        if kind == 1:
            return (
                "Content-Type",
                f"{random.choice(('application/json', 'text/html', ';', 'a/b'))}; charset={random.choice(CHARSETS)}",
            )
        text = "".join(character for character in str(random.choice(TEXTS)) if character not in "\r\n")
        return random.choice(("X-A", "x-b", "Retry-After", "Connection", "Keep-Alive")), text[:2000]

    def body(self) -> tuple[bytes, list[tuple[str, str]]]:
        random = self.random
        body = self.plain_body()
        coding = random.random()
        if coding > 0.2:
            return body, []
        name = random.choice(("gzip", "deflate", "br", "zstd", "identity", "x", "gzip, gzip", ""))
        coded = gzip.compress(body, 1) if name == "gzip" else zlib.compress(body) if name == "deflate" else body
        return (coded if random.random() < 0.7 else coded[: len(coded) // 2]), [("Content-Encoding", name)]

    def plain_body(self) -> bytes:
        random = self.random
        kind = random.random()
        if kind < 0.6:
            value = self.value() if random.random() < 0.3 else {"a": self.value(), "b": self.value(), "a-b": 1}
            return dump(value, ensure_ascii=random.random() < 0.5)
        if kind < 0.7:
            return random.choice(NESTED)
        if kind < 0.8:
            return random.choice(NOT_JSON)
        return random.randbytes(random.randrange(200))


def dump(value: Any, *, ensure_ascii: bool) -> bytes:
    """JSON as Python writes it, also `NaN` and lone surrogates; a fixed body for numbers that are too long to write."""
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
    except ValueError:
        return b'{"a": 1' + b"0" * 4500 + b"}"
