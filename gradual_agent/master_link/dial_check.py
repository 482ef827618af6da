"""Why the master could not be reached: a second dial, without gRPC, which says only "Socket closed".

The agent connects as it did for gRPC, with the same authority and certificate, and looks at how far it comes. The
errors are those of OpenSSL (X509_V_ERR_*, TLS alerts of RFC 8446, 6.2); what to do follows from each.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Final

from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_common.net.addresses import EndpointAddress
from gradual_common.net.certificates import load_identity, trust
from gradual_common.security.identity import TlsIdentity

TIMEOUT_S: Final = 2.0
ALERT_S: Final = 0.5
"""In TLS 1.3 a server refuses a client's certificate after the client's handshake is done: by an alert, or, as gRPC,
by closing the connection. If it takes it, it sends its HTTP/2 settings."""

NO_CERTIFICATE: Final = "the master wants a certificate of this agent: add --tls-cert FILE --tls-key FILE"
REFUSED: Final = (
    "the master refuses this agent's certificate: it has expired, or is signed by another authority than that of the"
    " master's --tls-ca"
)

OF_CERTIFICATE: Final = {
    9: "the master's certificate is not valid yet: compare the clocks of both machines",
    10: "the master's certificate has expired: renew it",
    18: "the master's certificate is signed by itself, not by the authority of --tls-ca",
    19: "the master's certificate is signed by another authority than that of --tls-ca",
    20: "the master's certificate is signed by another authority than that of --tls-ca",
    21: "the master's certificate is signed by another authority than that of --tls-ca",
}
"""By X509_V_ERR_*: NOT_YET_VALID, HAS_EXPIRED, DEPTH_ZERO_SELF_SIGNED, SELF_SIGNED_IN_CHAIN, no issuer."""

WRONG_NAME: Final = (62, 64)
"""HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH."""

OF_ALERT: Final = {
    "CERTIFICATE_REQUIRED": NO_CERTIFICATE,
    "UNKNOWN_CA": REFUSED,
    "CERTIFICATE_EXPIRED": REFUSED,
    "BAD_CERTIFICATE": REFUSED,
    "CERTIFICATE_UNKNOWN": REFUSED,
    "HANDSHAKE_FAILURE": "the master refuses the handshake; it may want a certificate of this agent",
}
"""By the name of the alert in OpenSSL's reason."""


async def explain_dial(master: MasterEndpoint) -> str:
    """Why a connection cannot be made, and what to do; "" if it can, or if nothing is known."""
    try:
        address = EndpointAddress.parse(master.target, any_port=False)
        async with asyncio.timeout(TIMEOUT_S):
            return await _explain(address, master)
    except (OSError, TimeoutError, ValueError):
        return ""  # There gRPC's own words are right: connection refused, no such host, time over.


async def _explain(address: EndpointAddress, master: MasterEndpoint) -> str:
    identity = master.security.identity
    if identity.ca is None:
        return "the master speaks TLS: add --tls-ca FILE" if await _speaks_tls(address) else ""
    context = _context(identity)
    name = master.security.server_name or address.host
    try:
        if await _is_taken(address, context, name):
            return ""
    except ConnectionResetError:
        return ""
    except ssl.SSLError as error:
        return _of_error(error, name)
    return NO_CERTIFICATE if identity.cert is None else REFUSED


def _of_error(error: ssl.SSLError, name: str) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return _of_reason(error)
    if error.verify_code in WRONG_NAME:
        return f"the master's certificate is not for {name}: use its name, or add --tls-server-name NAME"
    return OF_CERTIFICATE.get(error.verify_code, f"the master's certificate is refused: {error.verify_message}")


def _of_reason(error: ssl.SSLError) -> str:
    reason = error.reason or ""
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return "the master speaks plaintext: start it with --tls-cert and --tls-key, or leave out --tls-ca here"
    found = next((text for alert, text in OF_ALERT.items() if reason.endswith(alert)), "")
    return found or f"the TLS handshake failed: {reason.replace('_', ' ').lower()}"


async def _is_taken(address: EndpointAddress, context: ssl.SSLContext, name: str) -> bool:
    """Make the handshake, and wait a little: False if the master then closes the connection."""
    reader, writer = await _open(address, context, name)
    try:
        async with asyncio.timeout(ALERT_S):
            return await reader.read(1) != b""
    except TimeoutError:
        return True
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


async def _speaks_tls(address: EndpointAddress) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        _, writer = await _open(address, context, None)
    except ssl.SSLError as error:
        return (error.reason or "").endswith(tuple(OF_ALERT))
    writer.close()
    return True


async def _open(
    address: EndpointAddress, context: ssl.SSLContext, name: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if not address.host:
        path = address.target.removeprefix("unix:")
        return await asyncio.open_unix_connection(path, ssl=context, server_hostname=name or "localhost")
    return await asyncio.open_connection(address.host, address.port, ssl=context, server_hostname=name or address.host)


def _context(identity: TlsIdentity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert identity.ca is not None
    trust(context, identity.ca)
    if identity.cert is not None:
        load_identity(context, identity.cert, identity.key)
    context.set_alpn_protocols(["h2"])
    return context
