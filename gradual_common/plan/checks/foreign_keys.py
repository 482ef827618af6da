"""Hints for unknown keys: keys of other tools, and our own keys in a wrong place.

For a key from Locust, Gatling, Artillery or JMeter the hint names its counterpart in the plan language.
"""

from __future__ import annotations

from pydantic import BaseModel

from gradual_common.kinds.http.auth.auth import Auth
from gradual_common.kinds.http.auth.basic import BasicAuth
from gradual_common.kinds.http.auth.oauth2 import OAuth2Auth
from gradual_common.kinds.http.auth.sigv4 import Sigv4Auth
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.http.settings import HttpService
from gradual_common.kinds.kind import ActionSpec
from gradual_common.language.model import fields_of
from gradual_common.net.dns import Dns
from gradual_common.net.line import Bandwidth, Line
from gradual_common.net.tls import Tls
from gradual_common.plan.model.plan import Config, Phase, Plan, UserGroup
from gradual_common.plan.model.single_steps import Step
from gradual_common.plan.model.steps import STEP_MODELS

_WORDS = {
    "a group's share of the users is its `concurrency`; a phase may set another mix with `users: {group: n}`":
        "weight ratio share percentage probability",
    "steps are repeated by {repeat: 5, steps: […]}; `iterations: n` on a group ends its behaviour":
        "loop loops loopcount repetitions count foreach times",
    "steps are repeated by {while: expression, max: 20, steps: […]}": "during aslongas dowhile",
    "an action is asked until it is done by {poll: action, until: expression, every: 2s, within: 60s}":
        "pollinterval waituntil",
    "one of several branches is {choose: [{weight: 70, steps: […]}, {weight: 30, steps: […]}]}":
        "switch randomswitch uniformrandomswitch roundrobinswitch randomizer",
    "users wait for each other at {rendezvous: name, users: 50, timeout: 30s}": "rendezvoususers syncpoint barrier",
    "how many users run at once is the `concurrency` of their group":
        "vus vu threads numthreads threadcount maxvus preallocatedvus usercount clients amount instances",
    "levels of users are a ramp: ramp_config: {strategy: levels, levels: [{concurrency: 50, for: 1m}]}":
        "stages steppingstages",
    "user groups are written under `users:`, each with name, concurrency and behavior":
        "scenarios scenario userclasses threadgroup threadgroups populations fixedcount",
    "a ramp is written under config: ramp_config: {strategy: additive, initial: 10, increment: 10, interval: 15s}":
        "executor spawnrate hatchrate spawn startvus rampto rampusers inject injection rampup ramptime rampupperiod "
        "ramping",
    "users drive, not a rate: `concurrency` of a group says how many, its `pacing` how often each starts":
        "arrivalrate arrivals arrivalcount rps rate qps tps requestspersecond maxarrivalrate constantuserspersec "
        "timeunit throughput",
    "the address of the system is `base_url` under config": "host target baseuri server domain endpoint",
    "the wait after a step is its `think_time`": "think pause wait waittime delay timer thinktime between",
    "what a user does is written in the group's `behavior:`, and each request under `actions:`":
        "tasks task exec flow requests request samplers journey sequence actionlist",
    "conditions on a response are written in the action's `assertions:`":
        "checks check expect expects validate assert asserts assertion match",
    "objectives of the run are written under `thresholds:`, at the top of the plan":
        "ensure slo slos objectives failconditions passfail",
    "values are taken from a response by the action's `extract:`": "capture captures extractors saveas save",
    "rows of a file are used by `data: {user: users.csv}`": "feeder feed payload csv dataset csvdata",
    "variables come from the environment or `-e X=…`, and are used as ${X}":
        "variables vars env environments environment",
    "a mapping under `body:` is sent as JSON": "json jsonbody postdata",
    "a GraphQL query is written under `graphql:`: {query: text, variables: {id: 7}}": "gql graphqlquery",
    "fields of a form are written under `form:`": "urlencoded",
    "a form with files is written under `multipart:`: {document: {file: form.pdf}, note: text}":
        "formdata files upload attachments filename",
    "what comes after the ? of a URL is written under `query:`": "params qs querystring queryparams",
    "certificates go unchecked with `tls: {verify: false}`":
        "insecure insecureskiptlsverify verify rejectunauthorized sslverify",
    "the length of the run is `duration` under config": "runtime testduration length maxduration",
    "reporters are chosen with `-o NAME[=ARG]`": "outputs output listeners plugins report",
    "tags are given with `--tag K=V`": "tags labels",
    "a reporter of your own is named under `reporters:`; other code is not called": "processor hooks beforerequest",
}  # fmt: skip
"""For each hint the keys that it is for, in lower case and without _ and -."""

HINTS = {word: hint for hint, words in _WORDS.items() for word in words.split()}


def hint_for_key(key: str, model: type[BaseModel]) -> str:
    """The hint for a key that the model does not have; empty if there is none."""
    word = plain_word(key)
    if word in map(plain_word, fields_of(model)):
        return ""  # It is only written otherwise: baseUrl.
    if (places := own_places(key)) and word != "data":
        return places
    if word == "data" and issubclass(model, ActionSpec):
        return "what is sent is written under `body:` or `form:`"
    if word == "weight" and model is not UserGroup:
        return "shares of steps are {choose: [{weight: 70, steps: […]}, …]}; groups have a `concurrency`"
    return HINTS.get(word, "")


def plain_word(key: str) -> str:
    """A key in its plainest spelling: `baseUrl`, `base-url` and `base_url` are the same."""
    return key.lower().replace("_", "").replace("-", "")


def own_places(key: str) -> str:
    """Where in a plan the key belongs: `it belongs in config, or in an entry of config.phases`."""
    places = [place for place, model in _PLACES if key in fields_of(model)]
    if flow := [kind for kind, model in STEP_MODELS.items() if model is not Step and key in fields_of(model)]:
        places.append(f"in a step with {' or '.join(flow)}")
    return f"it belongs {', or '.join(places)}" if places else ""


_PLACES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("at the top of the plan", Plan),
    ("in config", Config),
    ("in an entry of config.phases", Phase),
    ("in an entry of users", UserGroup),
    ("in a step with action", Step),
    ("in an entry of actions", HttpActionSpec),
    ("in an entry of services", HttpService),
    ("in auth", Auth),
    ("in auth.basic or auth.digest", BasicAuth),
    ("in auth.sigv4", Sigv4Auth),
    ("in auth.oauth2", OAuth2Auth),
    ("in tls", Tls),
    ("in dns", Dns),
    ("in network", Line),
    ("in network.bandwidth", Bandwidth),
)
