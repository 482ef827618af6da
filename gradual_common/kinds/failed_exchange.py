"""The form of a failed exchange as JSON data: an agent describes it, and a summary shows it.

* `detail`: why it failed, in words.
* `request`, `response`: what was sent and received, or None. Both have `headers` (pairs), `body` and `body_bytes` (the
  size without codings).
* An HTTP request also has its method and URL, an HTTP response its status code. Those of other kinds have a `title`,
  one line, instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from types import NoneType
from typing import Any
from urllib.parse import urlsplit

from gradual_common.errors import WireError

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

Shape = dict[str, type | tuple[type, ...]]

_EXCHANGE: Shape = {"detail": str, "request": (dict, NoneType), "response": (dict, NoneType)}
_REQUEST: Shape = {"headers": list, "body": str, "body_bytes": int}
_RESPONSE: Shape = {"headers": list, "body": (str, NoneType), "body_bytes": (int, NoneType)}
_TITLE: Shape = {"title": str}
_HTTP_REQUEST: Shape = {"method": str, "url": str}
_HTTP_RESPONSE: Shape = {"status_code": int}


def check_exchange(document: dict[str, Any]) -> None:
    """WireError for what is not a valid exchange; a valid one goes into a summary unchanged."""
    _check_keys("an exchange", document, _EXCHANGE)
    for name, shape, http_shape in (("request", _REQUEST, _HTTP_REQUEST), ("response", _RESPONSE, _HTTP_RESPONSE)):
        if (message := document[name]) is not None:
            _check_message(f"a {name}", message, shape | (_TITLE if "title" in message else http_shape))


def title_of_request(request: Mapping[str, Any]) -> str:
    """`GET http://bank.example/rates`."""
    return str(request["title"]) if "title" in request else f"{request['method']} {request['url']}"


def title_of_response(response: Mapping[str, Any]) -> str:
    """`404`."""
    return str(response["title"] if "title" in response else response["status_code"])


def curl_of(request: Mapping[str, Any]) -> str | None:
    """An HTTP request as a shell command, with masked values still masked; None for another kind."""
    # Without `-g` curl reads brackets in a URL as patterns. After `-X HEAD` it waits for a body, so HEAD is `-I`. A
    # field without a value ends with `;`: one that ends with `:` would be removed.
    if "title" in request:
        return None
    method, url = request["method"], request["url"]
    words = ["curl", "-g", *(["-I"] if method == "HEAD" else ["-i", "-X", method]), url]
    for name, value in request["headers"]:
        if (name.lower(), value) != ("host", urlsplit(url).netloc):
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if request["body"]:
        words += ["--data-raw", request["body"]]
    return shlex.join(str(word) for word in words)


def trace_of(request: Mapping[str, Any]) -> str | None:
    """The trace-id in a request's traceparent (W3C Trace Context, 3.2); None without one."""
    found = (TRACEPARENT.fullmatch(value) for name, value in request["headers"] if name.lower() == "traceparent")
    return next((match[1] for match in found if match), None)


def _check_message(what: str, message: dict[str, Any], shape: Shape) -> None:
    _check_keys(what, message, shape)
    for entry in message["headers"]:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)):
            raise WireError(f"a header of {what} is not a pair of texts")


def _check_keys(what: str, document: dict[str, Any], shape: Shape) -> None:
    if document.keys() != shape.keys():
        raise WireError(f"{what} has the keys {', '.join(sorted(document))}; {', '.join(sorted(shape))} are wanted")
    for key, kind in shape.items():
        if not isinstance(document[key], kind) or isinstance(document[key], bool):
            raise WireError(f"{key} of {what} is a {type(document[key]).__name__}")
