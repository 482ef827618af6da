"""Errors of the network become sentences and kinds of failure."""

import ssl

from gradual_agent.http.failures import connecting_timed_out, connection_ended, explain, timed_out, tls_failed
from gradual_agent.http.urls import split_url
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.http.settings import HttpSettings


def test_errors_are_explained_without_their_numbers():
    assert explain(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)")) == "connection refused"
    assert explain(ValueError("why")) == "why"
    assert explain(TimeoutError()) == "TimeoutError"
    assert connection_ended(None, 3, False).detail == "the server closed the connection after 3 bytes of the response"


def test_a_server_that_refuses_http_1_is_a_matter_of_protocol():
    error = ssl.SSLError(1, "alert")
    error.reason = "TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
    detail, kind = tls_failed(error)
    assert kind == KIND["protocol"]
    assert "HTTP/1.1 only" in detail


def test_a_timeout_names_the_limit_and_what_was_not_reached_within_it():
    assert (timed_out(1500 * NS_PER_MS).kind, timed_out(1500 * NS_PER_MS).detail) == (
        KIND["timeout"],
        "no complete response within 1.5 s",
    )
    plain, _, _ = split_url("https://bank.example/x")
    failure = connecting_timed_out(plain, 30 * NS_PER_MS)
    assert (failure.kind, failure.detail) == (KIND["connect"], "no connection to https://bank.example within 0.03 s")


def test_a_proxy_that_opens_no_connection_in_time_is_named():
    way = HttpSettings.model_validate({"proxy": "http://proxy.example:3128"}).way
    proxied, _, _ = split_url("https://bank.example/x", way=way)
    failure = connecting_timed_out(proxied, 2000 * NS_PER_MS)
    assert failure.kind == KIND["proxy"]
    assert "no connection to https://bank.example through the proxy" in failure.detail
    assert failure.detail.endswith("proxy.example:3128 within 2 s")
