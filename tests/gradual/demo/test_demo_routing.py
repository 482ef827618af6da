"""A request finds its route by method and path, also where the last part is open, and hears why if there is none."""

import pytest

from gradual.demo.routing import Answer, Call, Route, RouteTable
from gradual.errors import RequestRefusedError


def nothing(call: Call) -> Answer:
    return Answer(200, {})


LIST, ONE, PLACE = Route(nothing), Route(nothing, needs_token=True), Route(nothing)
TABLE = RouteTable({("GET", "/orders"): LIST, ("GET", "/orders/{order}"): ONE, ("POST", "/orders"): PLACE})


@pytest.mark.parametrize(
    ("method", "path", "route", "name"),
    [
        ("GET", "/orders", LIST, "GET /orders"),
        ("POST", "/orders", PLACE, "POST /orders"),
        ("GET", "/orders/17", ONE, "GET /orders/{order}"),
    ],
)
def test_a_route_is_found_by_its_path(method: str, path: str, route: Route, name: str) -> None:
    assert TABLE.find(method, path) is route
    assert TABLE.name(method, path) == name


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("PUT", "/orders", 405, "/orders takes GET or POST"),
        ("DELETE", "/orders/17", 405, "/orders/17 takes GET"),
        ("GET", "/orders/", 404, "there is no /orders/"),
        ("GET", "/orders/17/trades", 404, "there is no"),
        ("GET", "/", 404, "there is no"),
    ],
)
def test_a_request_without_a_route_hears_why(method: str, path: str, status: int, reason: str) -> None:
    with pytest.raises(RequestRefusedError, match=reason) as refused:
        TABLE.find(method, path)
    assert refused.value.status == status
    assert TABLE.name(method, path) is None
