"""Where a plan's requests go is known from its text, unless a template comes before the end of the authority."""

import pytest

from gradual_agent.kinds.http.destinations import known_destinations
from gradual_common.kinds.http.settings import HttpService


@pytest.mark.parametrize(
    ("base", "url", "found"),
    [
        ("http://bank.example", "/a", ("bank.example", 80)),
        ("https://Bank.example/v1", "a", ("bank.example", 443)),
        ("http://bank.example:8080", "/a/{{ id }}", ("bank.example", 8080)),
        ("http://bank.example", "accounts/{{ id }}", ("bank.example", 80)),
        ("http://bank.example", "?q={{ id }}", ("bank.example", 80)),
        ("http://bank.example", "", ("bank.example", 80)),
        ("http://bank.example/{{ tenant }}", "/a", ("bank.example", 80)),
        ("http://bank.example/{{ tenant }}", "http://other.example/a", ("other.example", 80)),
        ("http://bank.example", "https://other.example", ("other.example", 443)),
        ("http://bank.example", "http://other.example/{{ id }}", ("other.example", 80)),
        ("http://bank.example", "http://other.example?q={{ id }}", ("other.example", 80)),
        ("", "http://[2001:db8::1]:81/a", ("2001:db8::1", 81)),
        ("", "http://0x7f.1/a", ("127.0.0.1", 80)),
        ("http://a{# a comment #}b.example", "/a", ("ab.example", 80)),
        # Not known before a template is rendered.
        ("http://{{ host }}", "/a", None),
        ("http://bank.example{{ suffix }}", "/a", None),
        ("http://bank.example:{{ port }}/", "/a", None),
        ("{{ base }}", "/a", None),
        ("http://bank.example", "{{ link }}", None),
        ("http://bank.example", "http{{ s }}://other.example/", None),
        ("http://bank.example", "http://other{{ n }}.example/", None),
        ("http://bank.example", "http://other.example{{ path }}", None),
        # No request can be sent there.
        ("", "/a", None),
        ("http://bank.example:99999", "/a", None),
    ],
)
def test_the_destination_of_a_url(base: str, url: str, found: tuple[str, int] | None) -> None:
    assert list(known_destinations(HttpService(base_url=base), url)) == ([] if found is None else [found])


def test_where_the_plan_says_the_addresses_of_a_host_these_are_the_destinations() -> None:
    settings = HttpService.model_validate({"dns": {"hosts": {"Bank.example": ["10.0.0.7", "2001:db8::7"]}}})
    assert list(known_destinations(settings, "http://bank.example:81/")) == [("10.0.0.7", 81), ("2001:db8::7", 81)]
    assert list(known_destinations(settings, "http://other.example/")) == [("other.example", 80)]
