"""The job, which an agent gets before its first orders, and the values in it that must be masked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from gradual_common.secrecy.credentials import credentials_in
from gradual_common.secrecy.masking import Mask


@dataclass(frozen=True, slots=True)
class Job:
    """The plan as it runs, and what the master read for it."""

    document: dict[str, Any]
    """The plan as a mapping after overrides and `${…}`."""

    assets: dict[str, bytes]
    """The content of files (TLS) by the path that the plan gives."""

    secrets: dict[str, str]
    """Their values by name."""

    seed: int

    wants_samples: bool = False
    """Some reporter wants to see every single sample."""

    credentials: tuple[str, ...] = ()
    """What is masked in addition to the secrets."""

    dealt: tuple[tuple[int, str], ...] = ()
    """The data sets with `per: iteration`, by (group number, name): the agent asks for blocks of them."""


SECRET_USE = re.compile(r"\bsecrets\b(?:\s*\.\s*(\w+))?")
"""A secret by its name, or (without one) secrets in a way that does not say which."""


def without_watches(job: Job) -> Job:
    """The job for the agents: the master alone reads the system's own metrics, and objectives on them are its own.

    A secret that only watches use stays with the master; where code of the plan's may read any of them, all go.
    """
    document = {key: value for key, value in job.document.items() if key != "watch"}
    declared = document.get("secrets", {})
    used = uses_of_secrets({key: value for key, value in document.items() if key != "secrets"})
    own = uses_of_secrets(job.document.get("watch", {})) - used
    if not own or "" in used or any("url" not in action for action in document["actions"].values()):
        return replace(job, document=document)
    document["secrets"] = {name: source for name, source in declared.items() if name not in own}
    return replace(job, document=document, secrets={name: job.secrets[name] for name in job.secrets.keys() - own})


def uses_of_secrets(part: Any) -> set[str]:
    """The names of the secrets in the texts of a part of a plan; "" among them: perhaps all."""
    if isinstance(part, str):
        return set(SECRET_USE.findall(part))
    values = [*part.keys(), *part.values()] if isinstance(part, dict) else part if isinstance(part, list) else ()
    return {name for value in values for name in uses_of_secrets(value)}


def all_credentials(job: Job) -> tuple[list[str], list[str]]:
    """What a run must not show: what was declared or brought in as a secret, and the credentials in its plan."""
    return [*job.secrets.values(), *job.credentials], list(credentials_in(job.document))


def mask_of(job: Job) -> Mask:
    """What hides all of that."""
    return Mask(*all_credentials(job))
