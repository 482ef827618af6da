"""What must not be compared: runs of different plans or on different machines, and runs without a common level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComparedFacts:
    """What is known about one run beside its values."""

    name: str
    """Unique: the id of the run, or its file."""
    plan_sha256: str
    fingerprint: Mapping[str, object] | None
    """The master's machine and interpreter, with `gradual run` those of the load generator, too; None: not recorded."""
    targets: tuple[float, ...]
    """The concurrency of its levels."""


def find_refusals(baseline: Sequence[ComparedFacts], candidate: Sequence[ComparedFacts]) -> tuple[str, ...]:
    """Why these runs are not to be compared, a sentence each; empty: they are."""
    if not baseline or not candidate:
        side = "baseline" if not baseline else "candidate"
        return (f"There is no run on the side of the {side}; give at least one.",)
    return tuple(_reasons(baseline, candidate))


def _reasons(baseline: Sequence[ComparedFacts], candidate: Sequence[ComparedFacts]) -> Iterator[str]:
    first, *others = (*baseline, *candidate)
    names = [facts.name for facts in (first, *others)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"{', '.join(twice)}: given more than once; a run has no difference from itself. Give every run once."
    for facts in others:
        if facts.plan_sha256 != first.plan_sha256:
            yield (
                f"{facts.name} ran another plan than {first.name} ({_short(facts.plan_sha256)}, not "
                f"{_short(first.plan_sha256)}). Run both with the same plan."
            )
    for facts in others:
        if differences := _differences(first, facts):
            yield f"{facts.name} ran on another machine than {first.name}: {differences}. Run both on the same kind."
    common = set(first.targets).intersection(*(facts.targets for facts in others))
    if not common:
        yield f"No level is in all runs: {_targets(baseline)} users against {_targets(candidate)} users."


def _short(sha256: str) -> str:
    return f"plan {sha256[:12]}" if sha256 else "an unknown plan"


def _differences(one: ComparedFacts, other: ComparedFacts) -> str:
    """In words; empty: the machines are alike."""
    if one.fingerprint is None or other.fingerprint is None:
        unknown = [facts.name for facts in (one, other) if facts.fingerprint is None]
        # Two runs without a fingerprint are not known to be alike.
        return f"the machine of {' and of '.join(unknown)} was not recorded"
    keys = sorted({*one.fingerprint, *other.fingerprint})
    pairs = [(key, one.fingerprint.get(key), other.fingerprint.get(key)) for key in keys]
    return ", ".join(f"{key} {theirs}, not {ours}" for key, ours, theirs in pairs if ours != theirs)


def _targets(side: Sequence[ComparedFacts]) -> str:
    return "/".join(f"{target:g}" for target in sorted({target for facts in side for target in facts.targets})) or "no"
