"""The failures of HTTP actions, in addition to those of every action.

The parts of details match Linux, macOS and OpenSSL since 1.1.1.
"""

from __future__ import annotations

from gradual_common.kinds.failure import WITHIN, FailureKind

STATUS = FailureKind("status", "HTTP error", True, by_status=True)

CONNECT = FailureKind(
    "connect",
    "no connection",
    False,
    pattern=(WITHIN, "not connected within {}"),
    causes=(
        ("this agent may not send", "not allowed by the agent (--allow-host)"),
        ("connection refused", "connection refused"),
        ("network is unreachable", "network unreachable"),
        ("no route to host", "no route to host"),
        ("no free port left", "no free port left on the agent"),
        ("no file descriptor left", "no file descriptor left on the agent"),
        ("connection reset", "connection reset while connecting"),
        ("no answer", "no answer"),
        ("timed out", "no answer"),
    ),
)

DNS = FailureKind(
    "dns",
    "host name not resolved",
    False,
    causes=(
        ("name or service not known", "no such host"),
        ("nodename nor servname", "no such host"),
        ("name does not resolve", "no such host"),
        ("no address associated", "no such host"),
        ("temporary failure", "name server does not answer"),
        ("not a host name", "not a host name"),
    ),
)

TLS = FailureKind(
    "tls",
    "TLS handshake failed",
    causes=(
        ("self-signed certificate in certificate chain", "certificate is of an unknown authority"),
        ("self signed certificate in certificate chain", "certificate is of an unknown authority"),
        ("self-signed", "certificate is self-signed"),
        ("self signed", "certificate is self-signed"),
        ("certificate has expired", "certificate has expired"),
        ("not yet valid", "certificate is not valid yet"),
        ("hostname mismatch", "certificate is for another host"),
        ("not valid for", "certificate is for another host"),
        ("ip address mismatch", "certificate is for another host"),
        ("local issuer certificate", "certificate is of an unknown authority"),
        ("not trusted", "certificate is not trusted"),
        ("certificate required", "server asks for a client certificate"),
        ("wrong version number", "server does not speak TLS here"),
        ("record layer failure", "server does not speak TLS here"),
        ("unsupported protocol", "no TLS version in common"),
        ("protocol version", "no TLS version in common"),
        ("cannot be decrypted", "TLS broke"),
        ("tls settings", "TLS settings cannot be used"),
    ),
)

RESET = FailureKind(
    "reset",
    "connection broke",
    False,
    causes=(
        ("reset by peer", "connection reset"),
        ("broken pipe", "connection closed by the server"),
        ("closed the connection", "connection closed by the server"),
    ),
)

PROTOCOL = FailureKind(
    "protocol",
    "no valid HTTP response",
    causes=(
        ("http/2", "server speaks HTTP/2 only"),
        ("is not valid", "body cannot be decoded"),
        ("chunked body", "chunked body cannot be read"),
        ("switched protocols", "server switched protocols"),
        ("head is larger", "response head too large"),
        ("head cannot be read", "response head cannot be read"),
    ),
)

REDIRECT = FailureKind(
    "redirect",
    "redirect not followed",
    causes=(("leads nowhere", "redirect leads nowhere"), ("more than", "too many redirects")),
)

PROXY = FailureKind(
    "proxy",
    "proxy failed",
    False,
    pattern=(WITHIN, "not connected through the proxy within {}"),
    causes=(
        ("asks for credentials", "proxy asks for credentials"),
        ("refused the credentials", "proxy refuses the credentials"),
        ("refused a connection to", "proxy refused CONNECT"),
        ("cannot be resolved", "proxy: host name not resolved"),
        ("connection refused", "proxy: connection refused"),
        ("no free port left", "no free port left on the agent"),
        ("no file descriptor left", "no file descriptor left on the agent"),
        ("no connection to the proxy", "proxy not reached"),
        ("closed the connection", "proxy closed the connection"),
        ("broke", "connection to the proxy broke"),
        ("connect", "proxy's answer to CONNECT cannot be used"),
    ),
)
BODY_TOO_LARGE = FailureKind("body_too_large", "body too large")

ON_THE_WAY = (CONNECT, DNS, TLS, RESET, PROTOCOL, REDIRECT, PROXY)
"""In the order of their numbers."""
