"""GraphQL over the fleet: graphql-core answers, and what it found wrong is counted as failures, by operation."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fleet_processes import Fleet
from graphql_server import GraphQLServer, running_graphql_server

LIMIT = "query Limit($id: ID!) { account(id: $id) { ...All } } fragment All on Account { id balance limit }"
PAY = "mutation Pay($from: ID!, $amount: Int!) { pay(from: $from, amount: $amount) { balance } }"


@pytest.fixture
def server() -> Iterator[GraphQLServer]:
    with running_graphql_server() as running:
        yield running


def plan(server: GraphQLServer) -> dict[str, Any]:
    """Six users, four times: the limit of the account 4 is an error beside data, and too much is never paid."""
    return {
        "config": {"name": "graphql", "base_url": server.url, "duration": "60s"},
        "users": [{"name": "a", "concurrency": 6, "iterations": 4, "behavior": ["limit", "partly", "pay", "too_much"]}],
        "actions": {
            "limit": {
                "url": "/",
                "graphql": {"query": LIMIT, "variables": {"id": "{{ vu.slot }}"}},
                "extract": {"balance": {"from": "json: data.account.balance", "default": 0}},
            },
            "partly": {
                "url": "/",
                "graphql": {
                    "query": LIMIT.replace("Limit", "Partly"),
                    "variables": {"id": "{{ vu.slot }}"},
                    "allow_partial": True,
                },
            },
            "pay": {
                "url": "/",
                "graphql": {"query": PAY, "variables": {"from": "{{ vu.slot }}", "amount": "{{ balance }}"}},
                "assertions": [{"json": "data.pay.balance == `0`"}],
            },
            "too_much": {
                "url": "/",
                "graphql": {"query": PAY.replace("Pay(", "TooMuch("), "variables": {"from": 1, "amount": 101}},
            },
        },
        "thresholds": [],
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_errors_are_counted_by_operation(server: GraphQLServer, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(plan(server), agents)
    assert outcome.code == 0, outcome.output[-4000:]
    assert Counter(operation for operation, _ in server.seen) == {"Limit": 24, "Partly": 24, "Pay": 24, "TooMuch": 24}
    steps = {name: action for (_, name), action in outcome.actions.items()}
    assert {name: (action["requests"], action["failures"]) for name, action in steps.items()} == {
        "Limit": (24, 4),
        "Partly": (24, 0),
        "Pay": (24, 0),
        "TooMuch": (24, 24),
    }
    samples = outcome.summary["error_samples"]
    assert {(s["action"], s["kind"], s["detail"]) for s in samples} == {
        ("limit", "graphql", "the limit of account 4 is not known"),
        ("too_much", "graphql", "not so much"),
    }
