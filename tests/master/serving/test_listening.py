"""Where the master listens, and whether plaintext may go there."""

import pytest

from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity
from gradual_master.errors import InsecureError, ListenError
from gradual_master.serving.listening import ListenAddress

ADDRESSES = [
    ("127.0.0.1:7700", "127.0.0.1", 7700, True),
    ("127.3.2.1:0", "127.3.2.1", 0, True),
    ("localhost:1", "localhost", 1, True),
    ("[::1]:7700", "::1", 7700, True),
    ("0.0.0.0:7700", "0.0.0.0", 7700, False),
    ("[::]:7700", "::", 7700, False),
    ("judge.example:7700", "judge.example", 7700, False),
    ("unix:/tmp/x.sock", "", 0, True),
]


@pytest.mark.parametrize(("text", "host", "port", "is_local"), ADDRESSES)
def test_an_address_is_read(text: str, host: str, port: int, is_local: bool) -> None:
    assert ListenAddress.read(text) == ListenAddress(text, host, port, is_local)


@pytest.mark.parametrize(
    "text", ["7700", ":7700", "::1:7700", "host", "host:", "host:x", "host:70000", "unix:", "unix:/"]
)
def test_anything_else_is_an_error_that_says_what_to_write(text: str) -> None:
    with pytest.raises(ListenError, match=r"--listen"):
        ListenAddress.read(text)


def test_the_bound_port_replaces_the_asked_one() -> None:
    assert ListenAddress.read("127.0.0.1:0").at_port(81) == "127.0.0.1:81"
    assert ListenAddress.read("[::1]:0").at_port(81) == "[::1]:81"
    assert ListenAddress.read("unix:/x/y").at_port(1) == "unix:/x/y"


TOKEN = "kT5_9dQ2-mB7xW1z"
MASTERS = TlsIdentity(cert=b"c", key=b"k")
MUTUAL = TlsIdentity(ca=b"a", cert=b"c", key=b"k")
PLAIN, SAFE = FleetSecurity(), FleetSecurity(TOKEN, MASTERS)

ALLOWED = [
    ("loopback needs nothing", "127.0.0.1:1", PLAIN, False, "secrets", None),
    ("a Unix socket needs nothing", "unix:/x/y", PLAIN, False, "secrets", None),
    (
        "off loopback security is needed",
        "0.0.0.0:1",
        PLAIN,
        False,
        "",
        "--tls-cert FILE --tls-key FILE --token-file FILE",
    ),
    ("with it even secrets may go", "0.0.0.0:1", SAFE, False, "secrets", None),
    ("with the option plaintext is allowed", "0.0.0.0:1", PLAIN, True, "", None),
    ("secrets never go in plaintext", "0.0.0.0:1", PLAIN, True, "secrets", "secrets"),
    (
        "nor do keys, which are named",
        "0.0.0.0:1",
        PLAIN,
        True,
        "actions.b.tls.key",
        "take actions.b.tls.key out of the",
    ),
    ("secrets never go to whoever asks", "0.0.0.0:1", FleetSecurity("", MASTERS), True, "secrets", "whoever connects"),
    ("but to agents with certificates", "0.0.0.0:1", FleetSecurity("", MUTUAL), True, "secrets", None),
]


@pytest.mark.parametrize(
    ("reason", "text", "security", "insecure", "confidential", "error"), ALLOWED, ids=[reason for reason, *_ in ALLOWED]
)
def test_plaintext_leaves_the_machine_only_when_asked(
    reason: str, text: str, security: FleetSecurity, insecure: bool, confidential: str, error: str | None
) -> None:
    address = ListenAddress.read(text)
    if error is None:
        address.allow(security, insecure=insecure, confidential=confidential)
        return
    with pytest.raises(InsecureError, match=error):
        address.allow(security, insecure=insecure, confidential=confidential)
