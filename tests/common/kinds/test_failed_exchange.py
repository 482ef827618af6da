"""What a failed exchange may look like, of HTTP and of other kinds."""

from typing import Any

import pytest

from gradual_common.errors import WireError
from gradual_common.kinds.failed_exchange import check_exchange, title_of_request, title_of_response

HTTP = {
    "detail": "why",
    "request": {"method": "GET", "url": "http://h/", "headers": [["A", "b"]], "body": "", "body_bytes": 0},
    "response": {"status_code": 404, "headers": [], "body": None, "body_bytes": None},
}
OTHER = {
    "detail": "why",
    "request": {"title": "to tcp://h:1", "headers": [], "body": "PING", "body_bytes": 4},
    "response": {"title": "answer", "headers": [], "body": "ERR", "body_bytes": 3},
}


@pytest.mark.parametrize(
    ("document", "titles"), [(HTTP, ("GET http://h/", "404")), (OTHER, ("to tcp://h:1", "answer"))]
)
def test_both_shapes_pass_and_have_titles(document: dict[str, Any], titles: tuple[str, str]) -> None:
    check_exchange(document)
    assert (title_of_request(document["request"]), title_of_response(document["response"])) == titles


@pytest.mark.parametrize(
    ("request_change", "message"),
    [
        ({"title": 5}, "title of a request is a int"),
        ({"method": "GET"}, "a request has the keys"),
        ({"headers": [["a"]]}, "a header of a request is not a pair of texts"),
    ],
)
def test_what_is_not_an_exchange_is_refused(request_change: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError, match=message):
        check_exchange({**OTHER, "request": {**OTHER["request"], **request_change}})  # type: ignore[dict-item]
