"""A form with files as a user of Gradual, of curl and of aiohttp's client writes it, and as each of them sends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from clients import CURL, TIMEOUT_S
from http_harness import Driver, open_dialer

from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config


@dataclass(frozen=True)
class File:
    """A file of a form: its path from the folder of the test, and what the server gets to see."""

    path: str
    content_type: str
    filename: str


Form = list[tuple[str, str | File]]
"""The parts, by name, in order."""

Answer = tuple[int, bytes]
"""Status and body; (0, the failure's kind or name) where a client has none."""


async def post_by_gradual(url: str, form: Form, folder: Path, method: str = "POST") -> Answer:
    """The action of a plan, sent by the engine."""
    parts: dict[str, list[Any]] = {}
    for name, part in form:
        written = (
            part
            if isinstance(part, str)
            else {"file": part.path, "content_type": part.content_type, "filename": part.filename}
        )
        parts.setdefault(name, []).append(written)
    assets = {part.path: (folder / part.path).read_bytes() for _, part in form if isinstance(part, File)}
    spec = HttpActionSpec.model_validate({"method": method, "url": url, "multipart": parts})
    template = RequestTemplate(Config.model_validate({}), spec, assets, wants_body=True)
    with open_dialer() as dialer:
        driver = Driver(dialer)
        sample = await driver.fetch(template.build({}))
        driver.client.close()
    if sample.response is None:
        return 0, KINDS[sample.kind].encode()
    return sample.status_code, sample.response.body


async def post_by_curl(url: str, form: Form, folder: Path, method: str = "POST") -> Answer:
    """`curl -F`; the test is skipped without curl."""
    if CURL is None:
        pytest.skip("curl is not installed")
    options = ["-sgqL", "--max-time", f"{TIMEOUT_S}", "-H", "Expect:", "-w", "%{stderr}%{http_code}"]
    options += ["-X", method] if method != "POST" else []
    for name, part in form:
        if isinstance(part, str):
            options += ["--form-string", f"{name}={part}"]
        else:
            options += ["-F", f"{name}=@{part.path};type={part.content_type};filename={part.filename}"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(CURL, *options, url, cwd=folder, stdout=pipe, stderr=pipe)
    body, status = await process.communicate()
    return int(status), body


async def post_by_aiohttp(url: str, form: Form, folder: Path, method: str = "POST") -> Answer:
    """aiohttp's FormData."""
    data = aiohttp.FormData(default_to_multipart=True)
    for name, part in form:
        if isinstance(part, str):
            data.add_field(name, part)
        else:
            content = (folder / part.path).read_bytes()
            data.add_field(name, content, content_type=part.content_type, filename=part.filename)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.request(method, url, data=data) as answer:
            return answer.status, await answer.read()
    except aiohttp.ClientError as error:
        return 0, type(error).__name__.encode()
