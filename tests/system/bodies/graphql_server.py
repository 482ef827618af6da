"""A GraphQL server: graphql-core executes what comes, as servers in Python do."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

from graphql import build_schema, graphql_sync
from small_server import SmallHandler, SmallServer, serving

SCHEMA = build_schema(
    """
    type Account { id: ID! balance: Int limit: Int }
    type Query { account(id: ID!): Account }
    type Mutation { pay(from: ID!, amount: Int!): Account }
    """
)


class _Account:
    def __init__(self, number: str, amount: int = 0) -> None:
        self.id = number
        self.balance = 100 - amount

    def limit(self, info: Any) -> int:
        if self.id == "4":
            raise ValueError(f"the limit of account {self.id} is not known")
        return 5


class _Root:
    def account(self, info: Any, **names: str) -> _Account:
        return _Account(names["id"])

    def pay(self, info: Any, amount: int, **names: str) -> _Account:
        if amount > 100:
            raise ValueError("not so much")
        return _Account(names["from"], amount)


class GraphQLServer(SmallServer):
    """`seen`: (operation, variables as JSON) of each request."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.seen: list[tuple[str, str]] = []


class _Handler(SmallHandler):
    server: GraphQLServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((asked.get("operationName"), json.dumps(asked.get("variables"), sort_keys=True)))
        result = graphql_sync(
            SCHEMA,
            asked["query"],
            _Root(),
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
        )
        body = json.dumps(result.formatted).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def running_graphql_server() -> AbstractContextManager[GraphQLServer]:
    """The server, until the end of the block."""
    return serving(GraphQLServer())
