"""Checks of content against a shop that counts what it sends: every bad page and order is found, and no good one."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet

SCHEMA = {
    "type": "object",
    "required": ["id", "lines"],
    "properties": {"id": {"type": "integer"}, "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
    "$defs": {"line": {"type": "object", "required": ["price"], "properties": {"price": {"minimum": 0}}}},
}


class Shop(BaseHTTPRequestHandler):
    """`/order/N` is JSON, with a negative price if 3 divides N; `/page/N` is HTML, XML or text, by N modulo 3."""

    protocol_version = "HTTP/1.1"
    served: Counter[str]

    def do_GET(self) -> None:
        _, what, number = self.path.split("/")
        n = int(number)
        kind = ("text/html", "application/xml", "text/plain")[n % 3]
        if what == "order":
            kind, body = "application/json", json.dumps({"id": n, "lines": [{"price": 5}, {"price": n % 3 - 1}]})
        elif n % 3 == 0:
            body = f"<!DOCTYPE html><title>Bank</title><input name=csrf value=t{n}><div class=total> {n}.50 </div>"
        else:
            body = f"<page><title>Bank</title><total>{n}</total></page>" if n % 3 == 1 else f"Bank {n}"
        self.served[f"{what}/{n % 3}"] += 1
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Stock", str(n))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[tuple[str, Counter[str]]]:
    served: Counter[str] = Counter()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("CountingShop", (Shop,), {"served": served})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", served
        server.shutdown()
        thread.join()


def plan(url: str) -> dict[str, Any]:
    return {
        "config": {"name": "content", "base_url": url, "duration": "60s"},
        "users": [{"name": "buyer", "concurrency": 9, "iterations": 4, "behavior": ["order", "page", "stock", "next"]}],
        "actions": {
            "order": {"url": "/order/{{vu.slot}}", "assertions": [{"json_schema": "schemas/order.json"}]},
            "page": {
                "url": "/page/{{vu.slot}}",
                "assertions": [
                    {"css": "title"},
                    {"xpath": {"//title": "Bank"}},
                    {"body_size": {"between": [1, "1KB"]}},
                ],
                "extract": {
                    "total": {"from": "css: .total, total", "default": "none"},
                    "token": {"from": "css: input[name=csrf]::attr(value)", "default": "none"},
                },
            },
            "stock": {"url": "/order/1", "assertions": [{"header": {"X-Stock": {"between": [1, 1.5]}}}]},
            "next": {
                "url": "/order/{{1 if total == 'none' else total | float | int}}",
                "assertions": [{"json": {"path": "id", "between": [0, 8]}}],
            },
        },
        "thresholds": ["failures(order) == 12", "failures(page) == 12", "failures(stock) == 0", "failures(next) == 0"],
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_every_bad_answer_is_found_and_no_good_one(
    shop: tuple[str, Counter[str]], fleet: Fleet, tmp_path: Path, agents: int
) -> None:
    url, served = shop
    folder = fleet.folder / "schemas"
    folder.mkdir()
    (folder / "order.json").write_text(json.dumps(SCHEMA))
    outcome = fleet.run(plan(url), agents)
    assert outcome.code == 0, outcome.output[-4000:]
    rows = {step: outcome.actions["buyer", step] for step in ("order", "page", "stock", "next")}
    assert rows["order"]["errors"] == {"assertion:json_schema": 12}
    assert rows["page"]["errors"] == {"assertion:css": served["page/2"]} == {"assertion:css": 12}
    assert [entry["failed"] for entry in rows["page"]["assertions"]] == [12, 12, 0]
    assert sum(row["requests"] for row in rows.values()) == served.total() == 9 * 4 * 4
    assert outcome.summary is not None
    details = {sample["step"]: sample["detail"] for sample in outcome.summary["error_samples"]}
    assert "schemas/order.json, found -1 is less than the minimum of 0 at lines.1.price" in details["order"]
    assert "(the body is neither HTML nor XML)" in details["page"]


def metrics_plan(url: str) -> dict[str, Any]:
    """Orders of 9 users by their number: the prices of order N are 5 and N % 3 - 1; N % 3 == 0 breaks the schema."""
    return {
        "config": {"name": "metrics", "base_url": url, "duration": "60s"},
        "users": [{"name": "buyer", "concurrency": 9, "iterations": 4, "behavior": ["order", "page"]}],
        "actions": {
            "order": {
                "url": "/order/{{vu.slot}}",
                "assertions": [{"json_schema": SCHEMA}],
                "record": {
                    "basket": {"json": "sum(lines[].price)", "unit": "EUR", "resolution": 0.01},
                    "orders": {"type": "counter"},
                    "lines": {"value": "{{vu.slot * 10.5}}", "type": "counter"},
                },
            },
            "page": {"url": "/page/{{vu.slot}}", "record": {"price": {"css": ".total, total", "unit": "EUR"}}},
        },
        "thresholds": [
            "failures == 12",
            "count(metric=basket) == 24",
            "p95(metric=basket) <= 6",
            "sum(metric=basket) == 132",
            "sum(metric=orders) == 24",
            "rate(metric=orders) > 0/s",
            "max(metric=price) < 7",
        ],
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_metrics_are_exact_over_the_fleet(shop: tuple[str, Counter[str]], fleet: Fleet, agents: int) -> None:
    url, served = shop
    outcome = fleet.run(metrics_plan(url), agents)
    summary = outcome.summary
    assert summary is not None
    metrics = {row["name"]: row for row in summary["metrics"]}
    good = [slot for slot in range(9) if slot % 3]
    baskets = sorted(5 + slot % 3 - 1 for slot in good for _ in range(4))
    basket, orders, lines, price = (metrics[name] for name in ("basket", "orders", "lines", "price"))
    assert (basket["count"], basket["sum"], basket["unit"]) == (len(baskets), sum(baskets), "EUR")
    assert (basket["min"], basket["max"], basket["mean"]) == (5, 6, 5.5)
    assert (basket["p50"], basket["p99"]) == (pytest.approx(5, rel=0.0055), pytest.approx(6, rel=0.0055))
    assert (orders["count"], orders["sum"]) == (served["order/1"] + served["order/2"],) * 2
    assert lines["sum"] == 4 * 10.5 * sum(good)
    # Pages 2, 5 and 8 are texts without a price; the others have N.50 (HTML) or N (XML).
    assert (price["count"], price["missing"]) == (served["page/0"] + served["page/1"], served["page/2"])
    assert price["sum"] == 4 * (0.5 + 1 + 3.5 + 4 + 6.5 + 7)
    failed = [row["rule"] for row in summary["verdict"]["objectives"] if not row["passed"]]
    assert (outcome.code, failed) == (1, ["max(metric=price) < 7"]), outcome.output[-4000:]
    assert "metric price: 12 of its values missing, or no number" in summary["verdict"]["warnings"]
