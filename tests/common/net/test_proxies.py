"""The settings `proxy` and `no_proxy`: what they mean, what is refused, and that credentials are not shown."""

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.kinds.http.settings import HttpSettings
from gradual_common.net.proxies import Proxy, read_proxy
from gradual_common.plan.confidential import first_confidential


def test_a_proxy_is_read_with_its_credentials() -> None:
    assert read_proxy("http://Proxy.example:3128/") == Proxy("proxy.example", 3128)
    proxy = read_proxy("http://al%40ice:p%3Aw@[2001:db8::1]:80")
    assert proxy == Proxy("2001:db8::1", 80, "Basic YWxAaWNlOnA6dw==")  # al@ice:p:w
    assert str(proxy) == "[2001:db8::1]:80"


@pytest.mark.parametrize(
    ("host", "is_direct"),
    [
        ("bank.example", True),
        ("bank.example.", True),
        ("a.bank.example", False),
        ("a.b.intern", True),
        ("intern", False),
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
    ],
)
def test_hosts_without_a_proxy_are_names_domains_and_networks(host: str, is_direct: bool) -> None:
    hosts = ["Bank.example", "*.intern", "10.0.0.0/8", "2001:db8::/32"]
    way = HttpSettings.model_validate({"proxy": "http://p:1", "no_proxy": hosts}).way
    assert (way.proxy_for(host) is None) == is_direct


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("p:3128", "config.proxy: 'p:3128' is not an absolute URL; write http://HOST:PORT, with USER:PASSWORD@ before"),
        ("https://p:3128", "config.proxy: 'https://p:3128': a proxy is reached by http; write"),
        ("socks5://p:3128", "config.proxy: 'socks5://p:3128': a proxy is reached by http"),
        ("http://p", "config.proxy: 'http://p' has no port"),
        ("http://[::1]", "config.proxy: 'http://[::1]' has no port"),
        ("http://p:0", "config.proxy: 'http://p:0': the port is not one from 1 to 65535"),
        ("http://p:80/path", "config.proxy: 'http://p:80/path': a proxy has no path"),
        ("http://{{ vu.slot }}:80", "a proxy is the same for all users; ${X} can be used"),
        (3128, "config.proxy: 3128 is not text"),
    ],
)
def test_mistakes_in_a_proxy_have_their_place(written: object, message: str) -> None:
    assert message in only_mistake(small(config__proxy=written))


def test_mistakes_in_no_proxy_have_their_place() -> None:
    for entry in ("http://h", "a:80", "*", "a.*.b", "10.0.0.0/33", 7):
        (found,) = mistakes(small(config__no_proxy=["h", entry]))
        assert "config.no_proxy: " in found
        assert "is no host" in found


def test_credentials_of_a_proxy_are_confidential_and_never_shown() -> None:
    loaded = load(small(config__proxy="http://alice:hunter2@p:3128"))
    assert first_confidential(loaded.job) == "config.proxy"
    (found,) = mistakes(small(config__proxy="http://alice:hunter2@p:0"))
    assert "hunter2" not in found


def test_an_action_may_go_without_the_proxy_of_the_config() -> None:
    plan = load(small(config__proxy="http://p:1", actions__look__proxy=None)).plan
    assert plan.config.way.proxy_for("h") == Proxy("p", 1)
    assert plan.actions["look"].way.proxy_for("h") is None  # type: ignore[attr-defined]
