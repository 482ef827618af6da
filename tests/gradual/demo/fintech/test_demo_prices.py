"""A stream has its prices, the same ones at every start, and says where it ends."""

import json

import pytest

from gradual.demo.fintech.prices import Prices, frames_of, price_of
from gradual.demo.routing import Call, Events
from gradual.errors import RequestRefusedError


def test_a_stream_ends_with_the_number_of_its_prices() -> None:
    frames = [frame.decode() for frame in frames_of(4)]
    assert len(frames) == 5
    assert all(frame.endswith("\n\n") for frame in frames)
    assert json.loads(frames[1].partition("data: ")[2]) == price_of(2)
    assert frames[-1] == 'id: 5\nevent: end\ndata: {"events": 4}\n\n'


def test_the_query_says_how_many_prices_and_how_fast() -> None:
    content = Prices().stream(Call(query={"events": "3", "every": "250"})).content
    assert isinstance(content, Events)
    assert (len(list(content.frames)), content.gap) == (4, 0.25)


@pytest.mark.parametrize("query", [{"events": "0"}, {"events": "10001"}, {"every": "-5"}])
def test_a_stream_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(RequestRefusedError, match="must be a whole number"):
        Prices().stream(Call(query=query))
