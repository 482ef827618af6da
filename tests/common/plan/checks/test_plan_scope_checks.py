"""The services and tags that an objective names exist in the plan."""

import pytest
from plan_samples import load, mistakes, only_mistake, small


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("p95(service=leger) < 1s", "there is no service 'leger' (did you mean 'ledger'?)"),
        ("p95(tag.team=paymnts) < 1s", "there is no tag.team 'paymnts' (did you mean 'payments'?)"),
        ("p95(tag.taem=payments) < 1s", "there is no tag 'taem' (did you mean 'team'?)"),
        ("p95(tag.taem=*) < 1s", "there is no tag 'taem' (did you mean 'team'?)"),
        ("p95(tag.team) < 1s", "expected `=` and a value after tag.team, such as tag.team=payments, found ')'"),
        ("p95(tag.=x) < 1s", "expected the name of a tag after `tag.`, found '='"),
        ("p95(service=*) < 1s", "the plan has no service (it would have no verdict at all; leave it out"),
        ("p95(transaction=*) < 1s", "'p95(transaction=*) < 1s': the plan has no transaction"),
        ("transaction.p95(transaction=*, group=a) < 1s", "the plan has no transaction"),
        ("p95(metric=*) < 5", "the plan has no metric"),
        ("p95(tags=x) < 1s", "unknown dimension 'tags'"),
    ],
)
def test_what_no_action_has_is_a_mistake(rule: str, message: str) -> None:
    plan = small(services={"ledger": {}}, actions__look__tags={"team": "payments"}, thresholds=[rule])
    assert message in only_mistake(plan)


def test_what_an_action_has_is_none() -> None:
    rules = ["p95(service=ledger, tag.team=payments) < 1s", "p95(service=*, tag.team=*) < 1s"]
    plan = small(services={"ledger": {}}, actions__look={"url": "/", "service": "ledger", "tags": {"team": "payments"}})
    assert len(load({**plan, "thresholds": rules}).plan.thresholds) == 2


def test_the_value_of_a_tag_is_a_text() -> None:
    (found,) = mistakes(small(actions__look__tags={"team": 7}))
    assert 'actions.look.tags.team: 7 is not text; quote it: "7"' in found


def test_what_a_tag_confides_is_hidden() -> None:
    shown = load(small(actions__look__tags={"by": "http://u:hunter2@h"})).display_plan
    assert shown.actions["look"].tags == {"by": "http://***@h"}


def test_a_search_has_no_objective_by_what_the_plan_does_not_have() -> None:
    ramp = {"strategy": "find_capacity", "objectives": ["p95(transaction=*) < 1s"]}
    found = only_mistake(small(config__ramp_up=ramp, thresholds=[]))
    assert "config.ramp_up.objectives[0]: 'p95(transaction=*) < 1s': the plan has no transaction" in found


def test_every_name_of_what_the_plan_has_may_be_asked_for() -> None:
    transaction = {"transaction": "shop", "steps": [{"action": "look"}]}
    rules = ["p95(transaction=*) < 1s", "p95(action=*, step=*, group=*) < 1s", "p95(phase=*) < 1s", "count(kind=*) < 9"]
    load(small(users__0__behavior=[transaction], thresholds=rules))
