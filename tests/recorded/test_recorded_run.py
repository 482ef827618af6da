"""The wire's bytes and every report of a recorded run, byte for byte as they have always been.

What differs is a change that a user sees: when it is wanted, `record.py` says how it is taken over.
"""

from __future__ import annotations

import base64
import json

import pytest
from record import GOLDEN, outcome, replay, replay_agent

from gradual_common.wire import fleet_pb2

EXPECTED = outcome(GOLDEN)
AROUND = 160


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("recorded")
    replay(folder)
    replay_agent(folder / "agent")
    return outcome(folder)


def test_the_same_files_are_written(found: dict[str, bytes]) -> None:
    assert sorted(found) == sorted(EXPECTED), said(found)


def said(found: dict[str, bytes]) -> str:
    return "\n".join(text.decode()[-2000:] for name, text in found.items() if name.endswith("stderr.txt"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_byte_is_as_before(name: str, found: dict[str, bytes]) -> None:
    assert name in found, said(found)
    if found[name] != EXPECTED[name]:
        pytest.fail(difference(name, EXPECTED[name].decode(), found[name].decode()))


def difference(name: str, expected: str, found: str) -> str:
    """The first line that differs, from a little before the difference on."""
    was, now = expected.splitlines(), found.splitlines()
    places = [place for place, (old, new) in enumerate(zip(was, now, strict=False)) if old != new]
    if not places:
        return f"{name}: {len(was)} lines before, {len(now)} now"
    place = places[0]
    old, new = readable(name, was[place]), readable(name, now[place])
    same = next(
        (n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new))
    )
    begin = max(0, same - AROUND)
    return (
        f"{name}: {len(places)} lines differ, the first is line {place + 1}, at character {same}\n"
        f"before: …{old[begin : same + AROUND]}…\n"
        f"now:    …{new[begin : same + AROUND]}…"
    )


MESSAGES = {
    "to_agents.jsonl": {"Session": fleet_pb2.MasterMessage, "Provision": fleet_pb2.ProvisionChunk},
    "agent/to_master.jsonl": {"Session": fleet_pb2.AgentMessage, "Samples": fleet_pb2.SampleMessage},
}


def readable(name: str, line: str) -> str:
    """A message in words."""
    if name not in MESSAGES:
        return line
    event, kinds = json.loads(line), MESSAGES[name]
    if event["do"] == "say" and event["method"] in kinds:
        event["bytes"] = str(kinds[event["method"]].FromString(base64.b64decode(event["bytes"])))
    return str(event)
