"""Media types: how one is written (RFC 9110, 8.3.1), and that of a file by the end of its name."""

from __future__ import annotations

import re
from mimetypes import MimeTypes
from typing import Any, Final

from gradual_common.language.wording import kind_of
from gradual_common.secrecy.quoting import quoted

BINARY_TYPE: Final = "application/octet-stream"
"""Of a file whose name says nothing (RFC 7578, 4.4)."""

JSON_TYPE: Final = "application/json"

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(\s*;[\x20-\x7e\t]*)?")
"""What follows the semicolon is sent as it is."""

_OFFICE: Final = "application/vnd.openxmlformats-officedocument."

_MORE: Final = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".gz": "application/gzip",
    ".js": "text/javascript",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".webp": "image/webp",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""Those that not every version of Python knows, or knows in the same way (IANA's registry of media types)."""


def _known_types() -> MimeTypes:
    # The lists of this machine (/etc/mime.types) are not read: every agent sends the same type.
    types = MimeTypes()
    types.encodings_map = {}
    for end, name in _MORE.items():
        types.add_type(name, end)
    return types


_TYPES: Final = _known_types()


def check_media_type(value: Any) -> Any:
    """A media type, such as application/pdf."""
    if not isinstance(value, str) or not _MEDIA_TYPE.fullmatch(value):
        found = quoted(value) if isinstance(value, str) else kind_of(value)
        raise ValueError(f"{found} is not a media type; write it as application/pdf or text/plain; charset=utf-8")
    return value


def media_type_of(path: str) -> str:
    """The media type of a file by the end of its name."""
    _, dot, end = path.rpartition("/")[2].rpartition(".")
    return _TYPES.guess_type(f"file.{end}")[0] or BINARY_TYPE if dot else BINARY_TYPE
