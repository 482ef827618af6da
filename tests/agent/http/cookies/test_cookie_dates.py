"""The dates of cookies, as servers write them."""

import pytest

from gradual_agent.http.cookies.dates import read_date


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", "2015-10-21 07:28:00"),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", "2015-10-21 07:28:00"),
        ("Wed Oct 21 07:28:00 2015", "2015-10-21 07:28:00"),
        ("21 oct 70 1:2:3", "1970-10-21 01:02:03"),
        ("21 Oct 2015", None),
        ("32 Oct 2015 07:28:00", None),
        ("", None),
    ],
)
def test_dates_are_read_in_every_way_servers_write_them(text, shown):
    moment = read_date(text)
    assert (moment and moment.strftime("%Y-%m-%d %H:%M:%S")) == shown
