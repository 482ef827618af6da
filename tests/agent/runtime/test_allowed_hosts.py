"""`--allow-host`: how entries are read, and what each allows; nothing is resolved."""

import pytest

from gradual_agent.runtime.allowed_hosts import ANYWHERE, AllowedHost, AllowedHosts, plain_name, read_address


def limits(*entries: str) -> AllowedHosts:
    return AllowedHosts(AllowedHost.parse(entry) for entry in entries)


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "is_allowed"),
    [
        # A name is allowed wherever it resolves to; no other name is.
        ("bank.example", "bank.example", 443, "203.0.113.9", True),
        ("bank.example", "bank.example", 80, "10.1.2.3", True),
        ("bank.example", "other.example", 443, "203.0.113.9", False),
        ("bank.example", "api.bank.example", 443, "203.0.113.9", False),
        ("bank.example", "bank.example.evil.example", 443, "203.0.113.9", False),
        ("bank.example", "evilbank.example", 443, "203.0.113.9", False),
        # One spelling: case, the dot at the end, IDNA.
        ("BANK.Example", "bank.example", 443, "203.0.113.9", True),
        ("bank.example", "Bank.EXAMPLE", 443, "203.0.113.9", True),
        ("bank.example.", "bank.example", 443, "203.0.113.9", True),
        ("bank.example", "bank.example.", 443, "203.0.113.9", True),
        ("bücher.example", "xn--bcher-kva.example", 443, "203.0.113.9", True),
        ("xn--bcher-kva.example", "BÜCHER.example", 443, "203.0.113.9", True),
        ("bucher.example", "bücher.example", 443, "203.0.113.9", False),
        # A port, if there is one.
        ("bank.example:443", "bank.example", 443, "203.0.113.9", True),
        ("bank.example:443", "bank.example", 80, "203.0.113.9", False),
        # Names below a domain, but not the domain itself.
        ("*.bank.example", "api.bank.example", 443, "203.0.113.9", True),
        ("*.Bank.example.", "v1.API.bank.example.", 443, "203.0.113.9", True),
        ("*.bank.example", "bank.example", 443, "203.0.113.9", False),
        ("*.bank.example", "evilbank.example", 443, "203.0.113.9", False),
        ("*.bank.example:8443", "api.bank.example", 443, "203.0.113.9", False),
        ("*.bücher.example", "a.xn--bcher-kva.example", 443, "203.0.113.9", True),
        # Addresses and networks, asked for as they are or by any name.
        ("10.1.2.3", "10.1.2.3", 80, "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", 80, "10.1.2.4", False),
        ("10.1.2.3", "other.example", 80, "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", 81, "10.1.2.3", False),
        ("10.0.0.0/8", "other.example", 80, "10.255.0.1", True),
        ("10.0.0.0/8", "other.example", 80, "11.0.0.1", False),
        ("10.0.0.0/8:443", "other.example", 443, "10.1.2.3", True),
        ("10.0.0.0/8:443", "other.example", 80, "10.1.2.3", False),
        ("0.0.0.0/0", "other.example", 80, "203.0.113.9", True),
        ("0.0.0.0/0", "other.example", 80, "2001:db8::1", False),
        # IPv6 in any spelling, with and without brackets and zone.
        ("2001:db8::1", "2001:db8:0:0::1", 80, "2001:db8:0:0::1", True),
        ("[2001:db8::1]", "2001:DB8::1", 80, "2001:db8::1", True),
        ("[2001:db8::1]:443", "2001:db8::1", 443, "2001:db8::1", True),
        ("[2001:db8::1]:443", "2001:db8::1", 80, "2001:db8::1", False),
        ("2001:db8::/32", "other.example", 80, "2001:db8:5::1", True),
        ("[2001:db8::/32]:80", "other.example", 81, "2001:db8:5::1", False),
        ("fe80::/10", "fe80::1%eth0", 80, "fe80::1%eth0", True),
        # An IPv4 address inside of an IPv6 address is the IPv4 address that it reaches.
        ("10.0.0.0/8", "::ffff:10.1.2.3", 80, "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "other.example", 80, "::ffff:a01:203", True),
        ("10.0.0.0/8", "::ffff:11.1.2.3", 80, "::ffff:11.1.2.3", False),
        ("::ffff:10.1.2.3", "10.1.2.3", 80, "10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", 80, "10.1.2.3", True),
        ("::/0", "::ffff:10.1.2.3", 80, "::ffff:10.1.2.3", False),
        # Not every IPv6 address that has the bits of an IPv4 one in it reaches it directly.
        ("10.0.0.0/8", "64:ff9b::a01:203", 80, "64:ff9b::a01:203", False),
    ],
)
def test_what_one_entry_allows(entry: str, host: str, port: int, address: str, is_allowed: bool) -> None:
    assert limits(entry).allows(host, port, address) is is_allowed


def test_any_of_several_entries_allows() -> None:
    both = limits("bank.example", "10.0.0.0/8")
    assert both.allows("bank.example", 443, "203.0.113.9")
    assert both.allows("other.example", 443, "10.1.2.3")
    assert not both.allows("other.example", 443, "203.0.113.9")


def test_without_an_entry_everything_is_allowed() -> None:
    assert not ANYWHERE.is_limited
    assert ANYWHERE.may_allow("other.example", 1)
    assert ANYWHERE.allows("other.example", 1, "203.0.113.9")
    assert ANYWHERE.refusal_of_all([("other.example", 1)]) == ""
    assert str(ANYWHERE) == "everything is allowed"


@pytest.mark.parametrize(
    ("entries", "host", "port", "may"),
    [
        (["bank.example"], "bank.example", 80, True),
        (["bank.example"], "other.example", 80, False),
        (["bank.example"], "10.1.2.3", 80, False),
        (["bank.example:443"], "bank.example", 80, False),
        (["10.0.0.0/8"], "other.example", 80, True),  # Its addresses decide.
        (["10.0.0.0/8:443"], "other.example", 80, False),
        (["10.0.0.0/8"], "10.1.2.3", 80, True),
        (["10.0.0.0/8"], "11.1.2.3", 80, False),
        (["10.0.0.0/8"], "::ffff:11.1.2.3", 80, False),
        (["10.0.0.0/8"], "127.1", 80, True),  # A name for the resolver: its address decides.
    ],
)
def test_whether_a_name_is_worth_asking_for(entries: list[str], host: str, port: int, may: bool) -> None:
    assert limits(*entries).may_allow(host, port) is may


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("", "it is not one entry"),
        (" bank.example", "it is not one entry"),
        ("a.example,b.example", "it is not one entry"),
        ("https://bank.example", "it is a URL"),
        ("bank.example/path", "it is neither a network nor an IPv6 address"),
        (":443", "it names no host"),
        ("[]:443", "it names no host"),
        ("[::1", "it names no host"),
        ("[::1]443", "it names no host"),
        ("[bank.example]:443", "brackets are for IPv6 addresses"),
        ("bank.example:", "'' is not a port from 1 to 65535"),
        ("bank.example:0", "'0' is not a port from 1 to 65535"),
        ("bank.example:65536", "'65536' is not a port from 1 to 65535"),
        ("bank.example:https", "'https' is not a port from 1 to 65535"),
        ("bank.example:٤٤٣", "is not a port from 1 to 65535"),
        ("*", "a star stands for whole labels at the beginning only"),
        ("api*.bank.example", "a star stands for whole labels at the beginning only"),
        ("bank.*", "a star stands for whole labels at the beginning only"),
        ("*.*.example", "a character that is not allowed in a host name"),
        ("*.", "it names no host"),
        ("*.1", "it is neither a name nor an IPv4 address of four numbers"),
        ("*.0.0.1", "it is neither a name nor an IPv4 address of four numbers"),
        ("bank example", "a character that is not allowed in a host name"),
        ("10.1.2.300", "it is neither a name nor an IPv4 address of four numbers"),
        ("10.1", "it is neither a name nor an IPv4 address of four numbers"),
        ("010.1.2.3", "it is neither a name nor an IPv4 address of four numbers"),
        ("10.0.0.0/33", "it is neither a network nor an IPv6 address"),
        ("10.1.2.3/8", "the network is 10.0.0.0/8, and 10.1.2.3 an address in it"),
        ("2001:db8::1/32", "the network is 2001:db8::/32, and 2001:db8::1 an address in it"),
        ("2001:db8::1::2", "it is neither a network nor an IPv6 address"),
        ("a:b:443", "it is neither a network nor an IPv6 address"),
        ("fe80::1%eth0", "a zone is not compared; leave it out"),
    ],
)
def test_a_wrong_entry_is_refused_with_what_to_write(entry: str, reason: str) -> None:
    with pytest.raises(ValueError, match="cannot be used") as caught:
        AllowedHost.parse(entry)
    assert reason in str(caught.value)
    assert "write HOST, HOST:PORT, *.DOMAIN, an address, a network such as 10.0.0.0/8, or [IPV6]:PORT" in str(
        caught.value
    )


def test_a_refusal_names_the_destination_its_addresses_and_what_is_allowed() -> None:
    some = limits("bank.example", "10.0.0.0/8")
    allows = "--allow-host allows bank.example, 10.0.0.0/8"
    assert (
        some.refusal("other.example", 443, ["203.0.113.9", "2001:db8::1"])
        == f"this agent may not send to other.example:443 (203.0.113.9, 2001:db8::1): {allows}"
    )
    assert some.refusal("203.0.113.9", 80, ["203.0.113.9"]) == f"this agent may not send to 203.0.113.9:80: {allows}"
    assert some.refusal("2001:db8::1", 80) == f"this agent may not send to [2001:db8::1]:80: {allows}"


def test_a_long_list_is_cut_in_messages() -> None:
    assert str(limits(*(f"h{n}.example" for n in range(11)))).endswith("h7.example and 3 more")


def test_a_plan_is_refused_with_all_of_its_forbidden_destinations() -> None:
    asked = [("other.example", 443), ("bank.example", 443), ("10.1.2.3", 80), ("other.example", 443)]
    assert (
        limits("bank.example").refusal_of_all(asked)
        == "the plan sends to 10.1.2.3:80, other.example:443, but on this agent --allow-host allows bank.example;"
        " its operator may allow it with --allow-host 10.1.2.3:80"
    )
    assert limits("bank.example", "10.0.0.0/8").refusal_of_all(asked) == ""
    assert limits("bank.example").refusal_of_all(asked[1:2]) == ""


@pytest.mark.parametrize(
    ("host", "name"),
    [("10.1.2.3", ""), ("0x7f.1", ""), ("::1", ""), ("a b", ""), ("", ""), ("A.example.", "a.example")],
)
def test_the_usual_spelling_of_a_name(host: str, name: str) -> None:
    assert plain_name(host) == name


def test_an_address_is_read_without_its_zone() -> None:
    assert str(read_address("fe80::1%2")) == "fe80::1"
    assert read_address("bank.example") is None


def test_equal_entries_are_equal_limits() -> None:
    assert limits("a.example") == limits("a.example")
    assert len({limits("a.example"), limits("a.example"), limits("b.example")}) == 2
