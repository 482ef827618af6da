"""The names of a master's certificate: what is accepted, and what is said of the rest."""

import ipaddress

import pytest

from gradual.certs.hosts import master_hosts, parse_host
from gradual.errors import CertsRefusedError


@pytest.mark.parametrize(
    ("text", "host", "why"),
    [
        ("judge.example", "judge.example", "a name"),
        ("Judge.Example.", "judge.example", "names are compared in lower case, without the final dot"),
        ("my_project-master-1", "my_project-master-1", "a container's name"),
        ("*.pods.example", "*.pods.example", "a wildcard for one label"),
        ("bücher.example", "xn--bcher-kva.example", "international letters, as in DNS"),
        ("10.20.0.5", ipaddress.ip_address("10.20.0.5"), "IPv4"),
        ("fd00::5", ipaddress.ip_address("fd00::5"), "IPv6"),
        ("[fd00::5]", ipaddress.ip_address("fd00::5"), "IPv6 as in an address with a port"),
    ],
)
def test_a_host_is_a_name_or_an_address(text, host, why):
    assert parse_host(text) == host, why


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "neither a host name nor an IP address"),
        ("two words", "neither a host name nor an IP address"),
        ("a..b", "neither a host name nor an IP address"),
        ("-a.example", "neither a host name nor an IP address"),
        ("a" * 64, "neither a host name nor an IP address"),
        (".".join(["a" * 60] * 5), "neither a host name nor an IP address"),
        ("*.example", "neither a host name nor an IP address"),
        ("10.0.0.0/8", "neither a host name nor an IP address"),
        ("10.0.0.300", "is not an IP address"),
        ("judge.example:7700", "has a port"),
        ("[fd00::5]:7700", "has a port"),
        ("https://judge.example", "is a URL"),
        ("0.0.0.0", "every address"),
        ("::", "every address"),
        ("fe80::1%eth0", "zone"),
        ("\u2488com", "is not a host name"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_an_example(text, reason):
    with pytest.raises(CertsRefusedError, match=reason) as refusal:
        parse_host(text)
    assert repr(text) in str(refusal.value)
    assert "such as judge.example" in str(refusal.value)


def test_the_host_itself_is_always_in_it_and_nothing_twice():
    hosts = [str(host) for host in master_hosts(["a.example", "localhost", "A.example", "127.0.0.1"])]
    assert hosts == ["a.example", "localhost", "127.0.0.1", "::1"]
