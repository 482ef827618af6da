"""Errors of the network become sentences and kinds of failure."""

import ssl

from gradual_agent.http.failures import connection_ended, explain, tls_failed
from gradual_common.kinds.failures import KIND


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
