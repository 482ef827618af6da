"""Documents that are uploaded: as a multipart form (RFC 7578), or as a plain body. Only size and digest are kept."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from gradual.demo.fintech.pages import page_of
from gradual.demo.fintech.station import READING_S
from gradual.demo.routing import Answer, Call, Route, Routes
from gradual.errors import RequestRefusedError

LARGEST = 16 * 1024 * 1024
"""Bytes of a document."""

LONGEST_FIELD = 64 * 1024
"""Bytes of a field beside it."""

MAX_DOCUMENTS = 10_000
"""Documents that are remembered; the oldest are forgotten first."""


class MeasuredBytes:
    """Size and digest of bytes that come in pieces."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """Count a piece; RequestRefusedError if there are too many bytes."""
        self.size += len(piece)
        if self.size > LARGEST:
            raise RequestRefusedError(413, f"a document has at most {LARGEST} bytes")
        self._digest.update(piece)

    def describe(self) -> dict[str, Any]:
        """Size and digest as JSON data."""
        return {"bytes": self.size, "sha256": self._digest.hexdigest()}


async def read_document(request: web.BaseRequest) -> dict[str, Any]:
    """What a request uploads: the file of a form with its other fields, or the whole body."""
    if request.content_type == "multipart/form-data":
        return await read_form(request)
    measured = MeasuredBytes()
    async for piece in request.content.iter_any():
        measured.add(piece)
    return {"name": None, "content_type": request.content_type, "fields": {}, **measured.describe()}


async def read_form(request: web.BaseRequest) -> dict[str, Any]:
    """The one file of a multipart form, and its other fields; RequestRefusedError if it is no such form."""
    found: dict[str, Any] | None = None
    fields: dict[str, str] = {}
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or (found and part.filename):
                raise RequestRefusedError(400, "the form must have one file, and no form within the form")
            if part.filename:
                found = await read_file(part)
            else:
                fields[part.name or ""] = await read_field(part)
    except (ValueError, HttpProcessingError) as error:
        raise RequestRefusedError(400, f"the form cannot be read: {error}") from error
    if found is None:
        raise RequestRefusedError(400, "the form has no file")
    return {**found, "fields": fields}


async def read_file(part: BodyPartReader) -> dict[str, Any]:
    """Name, type, size and digest of the file of a form."""
    measured = MeasuredBytes()
    while piece := await part.read_chunk():
        measured.add(piece)
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    return {"name": part.filename, "content_type": content_type, **measured.describe()}


async def read_field(part: BodyPartReader) -> str:
    """The text of a field of a form; RequestRefusedError if it is too long."""
    content = b""
    while piece := await part.read_chunk():
        content += piece
        if len(content) > LONGEST_FIELD:
            raise RequestRefusedError(413, f"a field has at most {LONGEST_FIELD} bytes")
    return content.decode("utf-8", "replace")


class Documents:
    """The desk that takes documents."""

    def __init__(self) -> None:
        self._documents: OrderedDict[int, tuple[int, dict[str, Any]]] = OrderedDict()
        """Account and description, by number."""
        self._uploaded = self._bytes = 0

    def routes(self) -> Routes:
        """The table of the routes."""
        return {
            ("POST", "/api/documents"): Route(self.upload, needs_token=True, read=read_document),
            ("GET", "/api/documents"): Route(self.list_documents, needs_token=True),
            ("GET", "/api/documents/{document}"): Route(self.show, needs_token=True),
        }

    def upload(self, call: Call) -> Answer:
        """Take a document."""
        self._uploaded += 1
        self._bytes += call.body["bytes"]
        document = {"document": self._uploaded, **call.body}
        self._documents[self._uploaded] = (call.account, document)
        if len(self._documents) > MAX_DOCUMENTS:
            self._documents.popitem(last=False)
        return Answer(201, {"data": document}, call.now + READING_S)

    def show(self, call: Call) -> Answer:
        """An own document."""
        account, document = self._documents.get(call.item, (0, {}))
        if account != call.account:
            raise RequestRefusedError(404, f"this account has no document {call.name[:40]!r}")
        return Answer(200, {"data": document}, call.now + READING_S)

    def list_documents(self, call: Call) -> Answer:
        """The documents of the account, in pages."""
        own = ((number, item) for number, (account, item) in self._documents.items() if account == call.account)
        return Answer(200, page_of(call, "documents", own), call.now + READING_S)

    def totals(self) -> dict[str, int]:
        """Documents and their bytes."""
        return {"documents": self._uploaded, "document_bytes": self._bytes}
