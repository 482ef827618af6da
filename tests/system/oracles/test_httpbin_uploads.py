"""httpbin reads multipart bodies by werkzeug, as it reads those of browsers: it says what it found in them."""

import json
from base64 import b64decode
from typing import Any

from http_harness import Driver, open_dialer
from running_httpbin import Httpbin

from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config

PDF = b"%PDF-1.7\r\n--\r\n\x00\xff" + bytes(range(256))
LARGE = b"\xff" + bytes(range(251)) * 4000
ASSETS = {"form.pdf": PDF, "large.bin": LARGE}


async def posted(httpbin: Httpbin, multipart: dict[str, Any], **scope: Any) -> dict[str, Any]:
    """What httpbin's /post says of the body."""
    spec = {"method": "POST", "url": "/post", "multipart": multipart}
    template = RequestTemplate(
        Config.model_validate({"base_url": httpbin.url}), HttpActionSpec.model_validate(spec), ASSETS, wants_body=True
    )
    with open_dialer() as dialer:
        user = Driver(dialer)
        sample = await user.fetch(template.build(scope))
        user.client.close()
    assert (sample.kind, sample.status_code) == (0, 200)
    return json.loads(sample.response.body)


def content(shown: str) -> tuple[str, bytes]:
    """A file as httpbin shows it when it is no text: a data URL."""
    head, _, data = shown.partition(";base64,")
    return head, b64decode(data)


async def test_httpbin_finds_the_files_and_values(httpbin: Httpbin) -> None:
    found = await posted(
        httpbin,
        {
            "document": {"file": "form.pdf", "content_type": "application/pdf"},
            "large": {"file": "large.bin"},
            'no"te': "{{ note }}",
            "n": [1, 2],
        },
        note="é\r\n--x",
    )
    assert {name: content(shown) for name, shown in found["files"].items()} == {
        "document": ("data:application/pdf", PDF),
        "large": ("data:application/octet-stream", LARGE),
    }
    assert found["form"] == {'no"te': "é\r\n--x", "n": ["1", "2"]}
    assert found["data"] == ""
