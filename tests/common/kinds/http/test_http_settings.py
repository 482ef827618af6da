"""What an action sets is used before what its service sets, and that before what `config` sets."""

from typing import Any

from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.http.settings import HttpService, inherit, merge_headers

S = 1_000_000_000


def effective(config: dict[str, Any], service: dict[str, Any] | None, action: dict[str, Any]) -> HttpService:
    outer = HttpService.model_validate(config)
    middle = None if service is None else HttpService.model_validate(service)
    return inherit(inherit(outer, middle), HttpActionSpec.model_validate({"url": "/", **action}))


def test_each_setting_is_that_of_the_action_else_the_service_else_the_config() -> None:
    config = {"base_url": "http://c", "timeout": "9s", "connect_timeout": "8s", "follow_redirects": 7}
    service = {"base_url": "http://s", "timeout": "3s", "connect_timeout": "2s"}
    found = effective(config, service, {"timeout": "1s"})
    assert found.base_url == "http://s"
    assert (found.timeout, found.connect_timeout, found.follow_redirects) == (1 * S, 2 * S, 7)


def test_without_a_service_the_config_is_used() -> None:
    found = effective({"base_url": "http://c", "timeout": "9s"}, None, {})
    assert (found.base_url, found.timeout, found.connect_timeout) == ("http://c", 9 * S, 10 * S)


def test_a_setting_that_is_written_counts_even_if_it_is_the_default() -> None:
    assert effective({"timeout": "9s"}, {"timeout": "30s"}, {}).timeout == 30 * S
    assert effective({}, {"follow_redirects": 3}, {"follow_redirects": 10}).follow_redirects == 10


def test_headers_are_replaced_one_by_one_without_case() -> None:
    config = {"headers": {"X-Tenant": "1", "Accept": "a"}}
    found = effective(config, {"headers": {"x-tenant": "7", "X-S": "s"}}, {"headers": {"ACCEPT": "b"}})
    assert found.headers == {"x-tenant": "7", "ACCEPT": "b", "X-S": "s"}


def test_tls_is_replaced_setting_by_setting() -> None:
    tls = effective({"tls": {"verify": False}}, {"tls": {"ca": "ca.pem"}}, {"tls": {"server_name": "x"}}).tls
    assert (tls.verify, tls.ca, tls.server_name) == (False, "ca.pem", "x")


def test_keys_of_an_action_that_are_no_settings_stay_with_it() -> None:
    assert set(effective({}, {}, {"body": "b", "extract": {}}).model_dump()) == set(HttpService.model_fields)


def test_what_is_merged_is_left_as_it_is() -> None:
    outer, inner = {"A": "1"}, {"a": "2"}
    assert merge_headers(outer, inner) == {"a": "2"}
    assert (outer, inner) == ({"A": "1"}, {"a": "2"})
