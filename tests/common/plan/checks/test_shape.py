"""Errors of the validation become problems at the place that was written."""

from typing import Any

import pytest
from plan_samples import mistakes, only_mistake, small

from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.language.document import Document
from gradual_common.language.model import fields_of
from gradual_common.net.tls import Tls
from gradual_common.plan.checks.shape import read_location
from gradual_common.plan.model.plan import Config, DataSet, Phase, Plan
from gradual_common.plan.model.single_steps import Step
from gradual_common.schedule.ramps.additive import AdditiveRamp
from gradual_common.schedule.ramps.levels import RampLevel


@pytest.mark.parametrize(
    ("location", "model"),
    [
        ((), Plan),
        (("config",), Config),
        (("config", "tls"), Tls),
        (("config", "phases", 0), Phase),
        (("config", "ramp", "additive"), AdditiveRamp),
        (("config", "phases", 0, "ramp", "levels", "levels", 1), RampLevel),
        (("users", 0, "on_start", 2, "action"), Step),
        (("users", 0, "data", "user"), DataSet),
        (("actions", "a"), HttpActionSpec),
        (("nothing",), None),
    ],
)
def test_the_model_of_a_place_is_found(location: Any, model: Any) -> None:
    assert read_location(Document({}, "plan"), location)[0] is model


def test_keys_are_as_they_are_written() -> None:
    assert tuple(fields_of(RampLevel)) == ("concurrency", "for")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config__nme": "x"}, "p.yaml: config.nme: unknown key 'nme' (did you mean 'name'?)"),
        ({"users__0__zzz": 1}, "users.a.zzz: unknown key 'zzz' (allowed: "),
        ({"config": 5}, "config: a mapping is expected; found 5"),
        ({"actions": [1]}, "actions: a mapping is expected; found a list"),
        ({"users__0__behavior": "look"}, "users.a.behavior: a list is expected; found 'look'"),
        (
            {"users__0__behavior__0": 5},
            "users.a.behavior[0]: a step is the name of an action or has",
        ),
        ({"users": {"a": {}}}, "users: a list is expected; found a mapping (groups are written users: [{name: guest"),
        (
            {"actions__look__extract": {"t": "jsn: x"}},
            "'jsn: x' is not an extraction; write \"json: data.token\" or ",
        ),
        ({"actions__look__extract": {"t": 5}}, "default: …}; sources are json, regex, xpath, css, header, cookie"),
        (
            {"actions__look__sse": {"until": "evnt.data"}},
            "actions.look.sse.until: 'evnt.data' does not read event, so no event changes it",
        ),
        ({"users__0__behavior__0": {"name": "x"}}, "users.a.behavior[0]: action is missing"),
        ({"users__0__concurrency": True}, "true is not a whole number"),
        ({"users__0__concurrency": 1.5}, "1.5 is not a whole number"),
        ({"users__0__stop_at": "now"}, "'now' is not allowed; allowed: 'request' or 'iteration'"),
        ({"config__tls": {"verify": "maybe"}}, "config.tls.verify: 'maybe' is neither true nor false"),
        ({"config__name": ""}, "config.name: the text is empty"),
        ({"config__name": 404}, 'config.name: 404 is not text; quote it: "404"'),
        ({"actions__look__url": ["x"]}, "actions.look.url: text is expected; found a list"),
        ({"actions__look__headers": {"X": [1]}}, "actions.look.headers.X: a header's value is text; found a list"),
        ({"actions__look__extract": {"a": "x"}}, "actions.look.extract.a: 'x' is not an extraction"),
        ({"actions__look__assertions": {"status_code": 1}}, "actions.look.assertions.status_code: 1 is not a status"),
        ({"actions__look__assertions": 5}, "actions.look.assertions: a list is expected; found 5"),
        (
            {"config__ramp": {"strategy": "linear", "ovr": 1}},
            "config.ramp.ovr: unknown key 'ovr' (did you mean 'over'?)",
        ),
        ({"config__seed": 2**63}, "config.seed:"),
        ({"data": {"user": {"file": "x.csv", "delimiter": "::"}}}, "data.user.delimiter: '::' is longer than 1"),
    ],
)
def test_each_mistake_says_what_was_found_and_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    found = mistakes(small(**changes))
    assert any(message in problem for problem in found), found


def test_the_place_of_an_assertion_is_where_it_was_written() -> None:
    text = """\
config: {base_url: http://x, duration: 1m}
users: [{name: a, concurrency: 1, behavior: [b]}]
actions:
  b:
    url: /
    assertions:
      - status_code: 200
        response_time: "< 1s"
      - body_size: big
"""
    assert only_mistake(text).startswith("p.yaml:9: actions.b.assertions[1].body_size: 'big' has no operator")


def test_a_mistake_in_a_ramp_hides_none_beside_it() -> None:
    found = mistakes(small(config__ramp_up="nope", config__graceful_stop=5))
    assert len(found) == 2
