"""A key that a plan does not have is reported with the key that does its work here."""

from typing import Any

import pytest
from plan_samples import mistakes, small

from gradual_common.plan.checks.foreign_keys import HINTS, own_places


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"users__0__weight": 3}, "a group's share of the users is its `concurrency`"),
        ({"users__0__behavior__0__weight": 3}, "shares of steps are {choose: [{weight: 70"),
        ({"users__0__loop": 3}, "`iterations: n` on a group ends its behaviour"),
        ({"users__0__behavior__0__until": "x"}, "it belongs in a step with poll"),
        ({"config__vus": 3}, "how many users run at once is the `concurrency` of their group"),
        ({"config__stages": []}, "strategy: levels"),
        ({"scenarios": {}}, "user groups are written under `users:`"),
        ({"config__spawn_rate": 3}, "ramp_config: {strategy: additive"),
        ({"config__host": "http://x"}, "the address of the system is `base_url` under config"),
        ({"users__0__wait_time": 3}, "the wait after a step is its `think_time`"),
        ({"config__phases": [{"name": "a", "duration": "1s", "arrivalRate": 5}], "config__duration": None},
         "users drive, not a rate"),
        ({"actions__look__checks": []}, "written in the action's `assertions:`"),
        ({"actions__look__json": {}}, "a mapping under `body:` is sent as JSON"),
        ({"actions__look__data": {}}, "what is sent is written under `body:` or `form:`"),
        ({"actions__look__think_time": "1s"}, "it belongs in config, or in an entry of users, or in a step"),
        ({"users__0__duration": "1s"}, "it belongs in config, or in an entry of config.phases"),
        ({"config__baseUrl": "http://x"}, "did you mean 'base_url'?"),
        ({"config": {"duration:5m": None}}, "a space is missing after the colon: write `duration: …`"),
        ({"config": "duration:5m"}, "a space is missing after the colon: write `duration: …`"),
        ({"config": "name = a"}, "an entry is written `key: value`"),
        ({"zzz": 1}, "allowed: config, users, actions"),
    ],
)  # fmt: skip
def test_an_unknown_key_points_to_what_does_it(changes: dict[str, Any], hint: str) -> None:
    found = mistakes(small(**changes))
    assert any(hint in problem for problem in found), found


def test_words_are_kept_as_they_are_looked_up() -> None:
    assert [word for word in HINTS if word != word.lower() or "_" in word] == []


def test_a_key_that_is_nowhere_has_no_place() -> None:
    assert own_places("zzz") == ""
