"""The search for secrets finds each form of them."""

from base64 import b64encode
from urllib.parse import quote

import pytest
from secret_forms import found_in, packed

SECRET = "s3cr/t pässword+7"
SHOWN = {
    "plain": f"<p>{SECRET}</p>".encode(),
    "percent": quote(SECRET, safe="").encode(),
    "user and password": b64encode(f"user:{SECRET}".encode()),
    "two bytes a character": SECRET.encode("utf-16"),
    "hexadecimal": SECRET.encode().hex().encode(),
    "compressed": b"head" + packed(f"a line\n{SECRET}\n") + b"tail",
}


@pytest.mark.parametrize("form", SHOWN)
def test_a_secret_is_found(form: str) -> None:
    assert found_in({form: SHOWN[form]}, {"the secret": SECRET})
    assert not found_in({form: SHOWN[form]}, {"another": "s3cr/t passw0rd"})
