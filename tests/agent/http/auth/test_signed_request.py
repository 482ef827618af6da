"""Requests that are signed when they are sent: with the time of then, and only where the credentials belong."""

import hashlib
import re

from gradual_agent.http.auth.signed_request import AwsSigner, SignedRequest, hash_of
from gradual_agent.http.auth.sigv4 import AwsCredentials, AwsScope, sign
from gradual_agent.http.client import HttpClient
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.context import HttpContext
from gradual_agent.http.long_bytes import LongBytes, join_pieces
from gradual_agent.http.redirects import follow
from gradual_agent.http.request import HttpRequest, build_request
from gradual_agent.http.tracing import TraceStream
from gradual_agent.runtime.sample import Sample

CREDENTIALS = AwsCredentials("AK-1", "secret-1", "session-1")
SCOPE = AwsScope("eu-central-1", "execute-api")
HASH = hashlib.sha256(b"body").hexdigest()


class Clock:
    """UTC; each look at it is a second later."""

    def __init__(self) -> None:
        self.now = 1_793_534_400.9

    def __call__(self) -> float:
        self.now += 1
        return self.now


def signed(url: str = "http://a.example/x?b=2&a=1", **options: object) -> SignedRequest:
    request = build_request("PUT", url, {"X-Own": "1"}, b"body", **options)  # type: ignore[arg-type]
    return SignedRequest(request, AwsSigner(CREDENTIALS, SCOPE, Clock()))


def fields_of(wire: object) -> dict[str, str]:
    head = bytes(wire).partition(b"\r\n\r\n")[0].decode()  # type: ignore[call-overload]
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:])


def test_each_message_has_the_time_of_then_and_the_signature_of_its_time() -> None:
    request = signed()
    for second in (1, 2, 3):
        fields = fields_of(request.wire)
        assert fields["X-Amz-Date"] == f"20261101T12000{second}Z"
        assert fields["X-Amz-Security-Token"] == "session-1"
        expected = sign(
            "PUT",
            "http://a.example/x?b=2&a=1",
            [("Host", "a.example"), ("X-Own", "1")],
            HASH,
            credentials=CREDENTIALS,
            scope=SCOPE,
            time=1_793_534_400 + second,
        )
        assert fields["Authorization"] == dict(expected)["Authorization"]
    assert request.wire.endswith(b"\r\n\r\nbody")  # type: ignore[union-attr]  # it is short


def test_only_the_wire_holds_the_signature() -> None:
    request = signed()
    plain = build_request("PUT", "http://a.example/x?b=2&a=1", {"X-Own": "1"}, b"body")
    for name in ("head", "body", "fields", "method", "target", "path", "url", "head_size"):
        assert getattr(request, name) == getattr(plain, name), name
    assert (request.is_signed, plain.is_signed) == (True, False)


def test_cookies_and_trace_contexts_are_added_and_not_signed() -> None:
    request = signed(trace=1.0)
    sample = Sample()
    traced = TraceStream(1, 0).stamp(request, sample)
    fields = fields_of(traced.wire_with("Cookie: a=b\r\n"))
    assert (fields["Cookie"], fields["traceparent"]) == ("a=b", sample.trace)
    names = re.findall(r"SignedHeaders=(.*?),", fields["Authorization"])
    assert names == ["host;x-amz-date;x-amz-security-token;x-own"]


def test_a_client_with_cookies_signs_a_request_again_that_it_sends_again() -> None:
    """Other requests are put together once for the same cookies."""
    client = HttpClient(Dialer(HttpContext.__new__(HttpContext), {}), None, "per_user", "close")  # type: ignore[arg-type]
    request = signed()
    dates = [fields_of(client._add_cookies(request))["X-Amz-Date"] for _ in range(2)]
    assert len(set(dates)) == 2
    plain = build_request("GET", "http://a.example/")
    assert client._add_cookies(plain) is client._add_cookies(plain)


def test_a_hop_to_the_same_origin_is_signed_for_its_own_url() -> None:
    hop = follow(signed(), 307, "/y")
    fields = fields_of(hop.wire)
    moment = int(fields["X-Amz-Date"][-3:-1])
    time = 1_793_534_400 + moment
    headers = [("Host", "a.example"), ("X-Own", "1")]
    expected = sign("PUT", "http://a.example/y", headers, HASH, credentials=CREDENTIALS, scope=SCOPE, time=time)
    assert fields["Authorization"] == dict(expected)["Authorization"]


def test_a_hop_without_the_body_is_signed_without_it() -> None:
    hop = follow(signed(), 303, "/y")
    assert isinstance(hop, SignedRequest)
    assert (hop.method, hop.body, hop._body_hash) == ("GET", b"", hashlib.sha256(b"").hexdigest())


def test_a_hop_to_another_origin_has_neither_signature_nor_token() -> None:
    for location in ("http://b.example/y", "https://a.example/y", "http://a.example:81/y"):
        hop = follow(signed(), 307, location)
        assert type(hop) is HttpRequest
        assert not fields_of(hop.wire).keys() & {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}


def test_the_plans_own_host_is_signed() -> None:
    request = SignedRequest(
        build_request("GET", "http://127.0.0.1:81/", {"Host": "a.example"}), AwsSigner(CREDENTIALS, SCOPE, Clock())
    )
    fields = fields_of(request.wire)
    expected = sign(
        "GET",
        "http://127.0.0.1:81/",
        [("Host", "a.example")],
        hashlib.sha256(b"").hexdigest(),
        credentials=CREDENTIALS,
        scope=SCOPE,
        time=1_793_534_401,
    )
    assert fields["Authorization"] == dict(expected)["Authorization"]


def test_a_long_body_is_hashed_piece_by_piece() -> None:
    content = bytes(range(256)) * 1000
    body = join_pieces([content[:100_000], content[100_000:]])
    assert isinstance(body, LongBytes)
    assert hash_of(body) == hashlib.sha256(content).hexdigest() == hash_of(content)
