"""The setting `dns`: names in one spelling, addresses that are addresses, and a family that fits them."""

import pytest
from plan_samples import load, only_mistake, small

from gradual_common.net.dns import Dns


def test_names_are_compared_in_one_spelling() -> None:
    dns = Dns.model_validate({"hosts": {"API.Example.": "10.0.0.7", "bücher.example": ["10.0.0.8", "2001:DB8::8"]}})
    assert dns.addresses_of("api.example") == dns.addresses_of("api.example.") == ("10.0.0.7",)
    assert dns.addresses_of("xn--bcher-kva.example") == ("10.0.0.8", "2001:db8::8")
    assert dns.addresses_of("example") == ()
    assert hash(dns) == hash(Dns.model_validate({"hosts": dict(dns.hosts)}))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"ttl": 30}, "config.dns.ttl: 30 is not a duration; write it with a unit"),
        ({"family": "ip4"}, "config.dns.family: 'ip4' is not"),
        ({"hosts": "10.0.0.7"}, "config.dns.hosts: '10.0.0.7' is no mapping from names to addresses"),
        ({"hosts": {"api.example": "other.example"}}, "config.dns.hosts: 'other.example' is not an IP address"),
        ({"hosts": {"api.example": "10.0.0.7:80"}}, "config.dns.hosts: '10.0.0.7:80' is not an IP address"),
        ({"hosts": {"api.example": []}}, "config.dns.hosts: 'api.example' has no address"),
        ({"hosts": {"api.example:80": "10.0.0.7"}}, "config.dns.hosts: 'api.example:80' is not a host name"),
        ({"hosts": {"10.0.0.7": "10.0.0.8"}}, "config.dns.hosts: '10.0.0.7' is not a host name; write NAME: ADDRESS"),
        (
            {"hosts": {"a": "10.0.0.7"}, "family": "ipv6"},
            "config.dns: family is ipv6, but 'a' has the address 10.0.0.7",
        ),
        ({"servers": ["10.0.0.1"]}, "config.dns.servers: unknown key 'servers'"),
    ],
)
def test_mistakes_have_their_place(written: dict[str, object], message: str) -> None:
    assert message in only_mistake(small(config__dns=written))


def test_an_action_and_a_service_have_their_own() -> None:
    plan = load(small(config__dns={"ttl": "5s"}, actions__look__dns={"family": "ipv4"})).plan
    assert plan.config.way.dns.ttl == 5_000_000_000
    assert plan.actions["look"].way.dns.family == "ipv4"  # type: ignore[attr-defined]
