"""An address says where it leads, and whether that is off this machine."""

import pytest

from gradual_common.net.addresses import EndpointAddress


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
    address = EndpointAddress.parse(text, any_port=False)
    assert (address.target, address.is_local) == (text, is_local)


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
    with pytest.raises(ValueError, match=what) as caught:
        EndpointAddress.parse(text, any_port=False)
    assert "HOST:PORT" in str(caught.value)


def test_port_0_is_for_those_that_listen() -> None:
    assert EndpointAddress.parse("judge:0", any_port=True).port == 0
    with pytest.raises(ValueError, match=r"from 0 \(any free one\) to 65535"):
        EndpointAddress.parse("judge:-1", any_port=True)
