"""What a connection needs where it leaves this machine, and how a process passes its security to another."""

import pytest

from gradual_common.errors import SecurityError
from gradual_common.net.addresses import EndpointAddress
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity, Side, check_address

TOKEN = "kT5_9dQ2-mB7xW1z"
MASTERS = TlsIdentity(cert=b"c", key=b"k")
MUTUAL = TlsIdentity(ca=b"a", cert=b"c", key=b"k")
AGENTS = TlsIdentity(ca=b"a")

FAR, NEAR, FILE = "10.1.2.3:7700", "127.0.0.1:7700", "unix:/run/gradual"

RULES: list[tuple[str, str, Side, FleetSecurity, bool, str | None]] = [
    ("loopback needs nothing", NEAR, "master", FleetSecurity(), False, None),
    ("nor does a Unix socket", FILE, "agent", FleetSecurity(), False, None),
    ("a token may go over loopback", NEAR, "agent", FleetSecurity(TOKEN), False, None),
    ("another host needs both", FAR, "master", FleetSecurity(), False,
     r"neither encrypted nor authenticated; add --tls-cert FILE --tls-key FILE --token-file FILE"),
    ("so does an agent", FAR, "agent", FleetSecurity(), False, r"add --tls-ca FILE --token-file FILE"),
    ("TLS alone is not enough", FAR, "master", FleetSecurity("", MUTUAL), False, r"not authenticated.*--token-file"),
    ("both are", FAR, "master", FleetSecurity(TOKEN, MASTERS), False, None),
    ("for an agent, too", FAR, "agent", FleetSecurity(TOKEN, AGENTS), False, None),
    ("plaintext if it is said", FAR, "agent", FleetSecurity(), True, None),
    ("TLS without token if it is said", FAR, "master", FleetSecurity("", MASTERS), True, None),
    ("a token never goes in plaintext", FAR, "agent", FleetSecurity(TOKEN), True, "the token would pass the network"),
    ("an authority alone does not encrypt", NEAR, "master", FleetSecurity("", AGENTS), False, "add --tls-cert FILE"),
    ("a certificate alone trusts nobody", NEAR, "agent", FleetSecurity("", MASTERS), False, "add --tls-ca FILE"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "target", "side", "security", "insecure", "error"), RULES, ids=[rule for rule, *_ in RULES]
)
def test_an_address_needs(
    rule: str, target: str, side: Side, security: FleetSecurity, insecure: bool, error: str | None
) -> None:
    address = EndpointAddress.parse(target, any_port=False)
    if error is None:
        check_address(address, security, side, insecure=insecure)
        return
    with pytest.raises(SecurityError, match=error) as raised:
        check_address(address, security, side, insecure=insecure)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    "security", [FleetSecurity(), FleetSecurity(TOKEN, MUTUAL, "master.example"), FleetSecurity(TOKEN)]
)
def test_another_process_gets_the_same(security: FleetSecurity) -> None:
    line = security.to_json()
    assert "\n" not in line
    assert FleetSecurity.from_json(line) == security


@pytest.mark.parametrize("line", ["", "{}", "[]", "null", '{"token": 1}', "hello"])
def test_a_line_with_something_else_is_refused(line: str) -> None:
    with pytest.raises(SecurityError, match="holds no token and certificates"):
        FleetSecurity.from_json(line)


def test_nothing_secret_is_in_its_text() -> None:
    assert TOKEN not in repr(FleetSecurity(TOKEN, MUTUAL))
    assert "b'k'" not in repr(FleetSecurity(TOKEN, MUTUAL))
