"""Plaintext stays on the machine unless someone says otherwise."""

import pytest

from gradual_agent.errors import AddressError
from gradual_agent.master_link.address import MasterAddress


@pytest.mark.parametrize(
    ("text", "is_local"),
    [
        ("127.0.0.1:7700", True),
        ("127.9.9.9:7700", True),
        ("localhost:7700", True),
        ("[::1]:7700", True),
        ("unix:/tmp/master", True),
        ("unix:master.socket", True),
        ("10.0.0.7:7700", False),
        ("judge.example:7700", False),
        ("localhost.example:7700", False),
        ("[2001:db8::1]:7700", False),
        ("0.0.0.0:7700", False),
    ],
)
def test_an_address_knows_whether_it_leaves_the_machine(text: str, is_local: bool) -> None:
    assert MasterAddress.read(text) == MasterAddress(text, is_local)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("judge", "not an address"),
        ("", "not an address"),
        (":7700", "not an address"),
        ("::1:7700", "not an address"),
        ("judge:http", "not a port"),
        ("judge:0", "not a port"),
        ("judge:65536", "not a port"),
        ("unix:", "names no socket"),
    ],
)
def test_what_is_no_address_says_what_is(text: str, what: str) -> None:
    with pytest.raises(AddressError, match=what) as caught:
        MasterAddress.read(text)
    assert "HOST:PORT" in str(caught.value)


def test_plaintext_off_the_machine_needs_a_word() -> None:
    away = MasterAddress.read("judge.example:7700")
    with pytest.raises(AddressError, match="--insecure"):
        away.allow_plaintext(insecure=False)
    away.allow_plaintext(insecure=True)
    MasterAddress.read("localhost:7700").allow_plaintext(insecure=False)
