"""What of a job must cross no network in the clear: everything that authenticates (DESIGN 7).

Secrets and private keys, and credentials that stand in the plan, in whichever way they came there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradual_common.language.document import Document, Path
from gradual_common.net.certificates import holds_key
from gradual_common.protocol.job import Job
from gradual_common.secrecy.credentials import CARRIERS, cookies_in, credentials_in, credentials_of
from gradual_common.secrecy.field_names import conceals

SENT = CARRIERS - {"assertions"}
"""What is asserted is compared with, and opens nothing."""


def first_confidential(job: Job) -> str:
    """The first entry of the plan that holds something to be guarded, as people write its path; "" for none."""
    if job.secrets:
        return "secrets"
    document = Document(job.document, "")
    found = next(_places(job.document, (), False, job.assets), None)
    return "" if found is None else document.show(found)


def _places(value: Any, path: Path, is_sent: bool, assets: Mapping[str, bytes]) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _entries(str(name), entry, path, is_sent, assets)
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            yield from _places(entry, (*path, number), is_sent, assets)
    elif isinstance(value, str) and any(credentials_in(value, is_sent=is_sent)):
        yield path


def _entries(name: str, entry: Any, around: Path, is_sent: bool, assets: Mapping[str, bytes]) -> Iterator[Path]:
    path = (*around, name)
    if around[-1:] == ("tls",) and name in ("key", "cert") and isinstance(entry, str):
        if name == "key" or holds_key(assets.get(entry, b"")):
            yield path
    elif is_sent and "cookie" in name.lower() and isinstance(entry, str):
        if any(cookies_in(entry)):
            yield path
    elif is_sent and conceals(name):
        if any(credentials_of(entry)):
            yield path
    else:
        yield from _places(entry, path, is_sent or name in SENT, assets)
