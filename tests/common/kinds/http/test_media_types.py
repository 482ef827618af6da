"""The media type of a file comes from its name, and is the same on every machine."""

import mimetypes

import pytest

from gradual_common.kinds.http.media_types import check_media_type, media_type_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("docs/form.pdf", "application/pdf"),
        ("photo.JPG", "image/jpeg"),
        ("rows.csv", "text/csv"),
        ("a.json", "application/json"),
        ("a.xml", "application/xml"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("backup.tar.gz", "application/gzip"),
        ("folder.pdf/form", "application/octet-stream"),
        ("form", "application/octet-stream"),
        ("form.", "application/octet-stream"),
        ("form.nobody-knows", "application/octet-stream"),
    ],
)
def test_a_file_has_the_type_of_its_end(path: str, expected: str) -> None:
    assert media_type_of(path) == expected


def test_what_this_machine_adds_changes_nothing() -> None:
    mimetypes.add_type("text/of-this-machine", ".pdf")
    try:
        assert media_type_of("form.pdf") == "application/pdf"
    finally:
        mimetypes.add_type("application/pdf", ".pdf")


@pytest.mark.parametrize("value", ["pdf", "text/", "text/plain\r\nX: y", "text/plain, text/html", 7, None])
def test_what_is_no_media_type_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a media type"):
        check_media_type(value)


def test_parameters_are_kept() -> None:
    assert check_media_type("text/plain; charset=utf-8") == "text/plain; charset=utf-8"
