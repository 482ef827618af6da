"""A secret in each form in which an output may show it."""

import gzip
import json
import zlib
from base64 import b64encode
from contextlib import suppress
from urllib.parse import quote


def encodings(text: str) -> dict[str, str]:
    """The text in each encoding in which it may appear, by the encoding's name."""
    found = {
        "as it is": text,
        "JSON": json.dumps(text)[1:-1],
        "JSON in UTF-8": json.dumps(text, ensure_ascii=False)[1:-1],
        "JSON twice": json.dumps(json.dumps(text)[1:-1])[1:-1],
        "percent": quote(text, safe=""),
        "percent, except slashes": quote(text),
        "HTML": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
    }
    for before in range(3):
        data = b"\0" * before + text.encode()
        core = b64encode(data).decode()[-(-8 * before // 6) : 8 * len(data) // 6]
        found[f"base64 after {before}"] = core
        found[f"base64 for URLs after {before}"] = core.replace("+", "-").replace("/", "_")
    return found


def forms_of(text: str) -> dict[str, bytes]:
    """The bytes of these encodings, and of others that only bytes have."""
    found = {name: form.encode() for name, form in encodings(text).items()}
    data = text.encode()
    found |= {name: text.encode(name) for name in ("utf-16-le", "utf-16-be", "utf-32-le")}
    return found | {"hex": data.hex().encode(), "HEX": data.hex().upper().encode()}


def found_in(outputs: dict[str, bytes], planted: dict[str, str]) -> list[str]:
    """Every output that shows a planted secret, with the form of it."""
    wanted = [(name, form, data) for name, text in planted.items() for form, data in forms_of(text).items()]
    return sorted(
        f"{output}: {name}, {form}"
        for output, content in outputs.items()
        for plain in (content, *unpacked(content))
        for name, form, data in wanted
        if data in plain
    )


def unpacked(content: bytes) -> list[bytes]:
    """What is compressed in the content, as far as it can be unpacked: gzip streams and zlib streams."""
    found = []
    for start in (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        at = content.find(start)
        while at >= 0:
            unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
            with suppress(zlib.error):
                found.append(unpacking.decompress(content[at:], 10_000_000))
            at = content.find(start, at + 1)
    return found


def packed(text: str) -> bytes:
    """The text as gzip writes it."""
    return gzip.compress(text.encode())
