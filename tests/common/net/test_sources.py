"""The setting `bind`: addresses and networks."""

import pytest
from plan_samples import load, only_mistake, small

from gradual_common.net.sources import addresses_in, read_sources


def test_one_or_several_addresses_and_networks_are_read() -> None:
    assert read_sources("127.0.0.2") == read_sources(["127.0.0.2/32"])
    networks = read_sources(["127.0.0.2", "127.0.0.4/31", "10.0.0.0/30", "2001:db8::1"])
    assert [list(addresses_in(network)) for network in networks] == [
        ["127.0.0.2"],
        ["127.0.0.4", "127.0.0.5"],
        ["10.0.0.1", "10.0.0.2"],
        ["2001:db8::1"],
    ]
    assert load(small(config__bind="127.0.0.2")).plan.config.way.bind == networks[:1]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ([], "config.bind: the list is empty; write addresses"),
        ("localhost", "config.bind: 'localhost' is neither an IP address nor a network"),
        (["127.0.0.2", "127.0.0.3:80"], "config.bind: '127.0.0.3:80' is neither an IP address nor a network"),
        (["127.0.0.2/28"], "config.bind: '127.0.0.2/28' is an address in the network 127.0.0.0/28"),
        (["10.0.0.0/15"], "config.bind: there are more than 65,536 addresses"),
        ([7], "config.bind: 7 is neither an IP address nor a network"),
    ],
)
def test_mistakes_have_their_place(written: object, message: str) -> None:
    assert message in only_mistake(small(config__bind=written))
