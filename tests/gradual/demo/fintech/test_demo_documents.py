"""Documents are remembered by their size and digest, for their account."""

import hashlib
from typing import Any

import pytest

from gradual.demo.fintech import documents as demo_documents
from gradual.demo.fintech.documents import Documents, MeasuredBytes
from gradual.demo.routing import Call
from gradual.errors import RequestRefusedError


def test_pieces_have_the_size_and_the_digest_of_the_whole() -> None:
    measured = MeasuredBytes()
    for piece in (b"ab", b"", b"cde"):
        measured.add(piece)
    assert measured.describe() == {"bytes": 5, "sha256": hashlib.sha256(b"abcde").hexdigest()}


def test_only_the_owner_sees_a_document_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_documents, "MAX_DOCUMENTS", 2)
    desk = Documents()
    for size in (10, 20, 30):
        desk.upload(Call(1, body={"bytes": size}))
    content: Any = desk.list_documents(Call(1)).content
    assert [item["document"] for item in content["data"]["documents"]] == [2, 3]
    assert desk.show(Call(1, name="3")).status == 200
    for account, name in ((2, "3"), (1, "1"), (1, "x")):
        with pytest.raises(RequestRefusedError, match="no document"):
            desk.show(Call(account, name=name))
    assert desk.totals() == {"documents": 3, "document_bytes": 60}
