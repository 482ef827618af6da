"""Finds what must not be sent over a network unencrypted: everything that authenticates (docs/design/architecture.md,
7).

Secrets, private keys, and credentials in the plan, however they were written into it.
"""

from __future__ import annotations

from gradual_common.language.document import Document
from gradual_common.net.certificates import holds_key
from gradual_common.protocol.job import Job
from gradual_common.secrecy.credentials import CARRIERS, places_in

SENT = CARRIERS - {"assertions"}
"""What is asserted is compared with, and opens nothing."""


def first_confidential(job: Job) -> str:
    """The path of the first confidential entry of the plan, as an author writes it; "" if there is none."""
    if job.secrets:
        return "secrets"
    for path, value, credentials in places_in(job.document, carriers=SENT):
        if path[-2:] in (("tls", "key"), ("tls", "cert")):
            found = path[-1] == "key" or holds_key(job.assets.get(value, b""))
        else:
            found = any(credentials)
        if found:
            return Document(job.document, "").show(path)
    return ""
