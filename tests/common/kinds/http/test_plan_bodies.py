"""Bodies of a plan: every mistake in them has its place, and the files of uploads are read once, by the master."""

from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.plan.reading import asset_files
from gradual_common.plan.reading.overrides import Overrides


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a file to upload."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "form.pdf").write_bytes(b"%PDF")
    return tmp_path


def posting(**body: Any) -> dict[str, Any]:
    """The small plan, whose action `post` sends this body."""
    return small(actions__post={"url": "/post", "method": "POST", **body})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"multipart": {"a": 1}, "form": {"b": 1}}, "actions.post.form: form and multipart cannot be used together"),
        ({"body": "x", "body_file": "form.pdf"}, "actions.post.body: body and body_file cannot be used together"),
        ({"multipart": {}}, "actions.post.multipart: a multipart body without parts"),
        ({"multipart": {"a": []}}, "actions.post.multipart.a: at least 1 is needed; the list is empty"),
        (
            {"multipart": {"a": None}},
            "actions.post.multipart.a: a part is a text, a number, {file: path} or {value: …}",
        ),
        (
            {"multipart": {"a": {"file": "form.pdf", "value": 1}}},
            "actions.post.multipart.a: a part is a text, a number",
        ),
        (
            {"multipart": {"a": {"fil": "form.pdf"}}},
            "actions.post.multipart.a.fil: unknown key 'fil' (did you mean 'file'",
        ),
        (
            {"multipart": {"a": ["x", {"fil": "form.pdf"}]}},
            "actions.post.multipart.a[1].fil: unknown key 'fil' (did you mean 'file'",
        ),
        ({"multipart": {"a": [1, {"file": 7}]}}, 'actions.post.multipart.a[1].file: 7 is not text; quote it: "7"'),
        (
            {"multipart": {"a": {"file": "form.pdf", "content_type": "pdf"}}},
            "actions.post.multipart.a.content_type: 'pdf' is not a media type; write it as application/pdf",
        ),
        (
            {"multipart": {"a": {"value": 1, "content_type": "text/plain\r\nX: y"}}},
            "is not a media type; write it as application/pdf",
        ),
        ({"multipart": {"a": {"file": "no.pdf"}}}, "actions.post.multipart.a.file: cannot read no.pdf: No such file"),
        ({"multipart": {"a": ["x", {"file": "no.pdf"}]}}, "actions.post.multipart.a[1].file: cannot read no.pdf"),
        ({"body_file": "."}, "actions.post.body_file: cannot read .: Is a directory"),
        (
            {"multipart": {"a": {"file": "{{vu.slot}}.pdf"}}},
            "actions.post.multipart.a.file: '{{vu.slot}}.pdf' is a template, but the master reads the files",
        ),
        ({"multipart": {"a": "{{ nobody }}"}}, "actions.post.multipart.a: '{{ nobody }}' reads 'nobody'"),
        ({"multipart": {"a": {"file": "form.pdf", "filename": "{{ no"}}}, "actions.post.multipart.a.filename:"),
        (
            {"multipart": {"a": 1}, "headers": {"content-type": "multipart/form-data"}},
            "actions.post.headers.content-type: the Content-Type of multipart names its boundary",
        ),
        ({"multipart": {"a": 1}, "method": "get"}, "actions.post.method: GET sends no multipart (add method: POST"),
        ({"form": {"a": {"file": "form.pdf"}}}, "actions.post.form.a: a form holds no files (write multipart: instead"),
        ({"form": {"a": [1, {"file": "form.pdf"}]}}, "actions.post.form.a[1]: a form holds no files"),
    ],
)
def test_a_mistake_in_a_body_has_its_place(body: dict[str, Any], message: str) -> None:
    assert message in only_mistake(posting(**body))


def test_an_upload_without_a_method_is_reported() -> None:
    plan = small(actions__post={"url": "/post", "body_file": "form.pdf"})
    assert only_mistake(plan) == "p.yaml: actions.post.body_file: GET sends no body_file (add method: POST (or PUT))"


def test_the_content_type_of_all_actions_need_not_be_taken_back_for_multipart() -> None:
    assert load(posting(multipart={"a": 1}, headers={}) | {}).plan.actions["post"].multipart["a"][0].value == 1


def test_files_are_read_once_for_the_agents() -> None:
    parts = {"a": {"file": "form.pdf"}, "b": [{"file": "form.pdf"}, "x"]}
    loaded = load(posting(multipart=parts))
    assert loaded.job.assets == {"form.pdf": b"%PDF"}


def test_a_file_of_an_included_plan_is_relative_to_it(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "form.pdf").write_bytes(b"inner")
    (folder / "inner" / "more.yaml").write_text(
        "actions: {send: {method: POST, url: /s, multipart: {a: {file: form.pdf}}}}"
    )
    plan = small(actions__post={"url": "/", "method": "POST", "body_file": "form.pdf"}, include=["inner/more.yaml"])
    loaded = load(plan)
    assert loaded.job.assets == {"form.pdf": b"%PDF", "inner/form.pdf": b"inner"}
    assert loaded.job.document["actions"]["send"]["multipart"] == {"a": {"file": "inner/form.pdf"}}


def test_files_of_one_name_stay_apart(folder: Path) -> None:
    """A path in an option starts from the working folder, one in the plan from the plan's own."""
    (folder / "plans").mkdir()
    (folder / "plans" / "form.pdf").write_bytes(b"of the plan")
    plan = posting(multipart={"a": {"file": "form.pdf"}, "b": {"file": "x"}, "c": {"file": "form.pdf"}})
    source = PlanSource("p.yaml", folder / "plans", mapping=plan)
    job = load_plan(source, Overrides(sets=(("actions.post.multipart.b.file", "form.pdf"),))).job
    parts = job.document["actions"]["post"]["multipart"]
    assert [job.assets[parts[name]["file"]] for name in "abc"] == [b"of the plan", b"%PDF", b"of the plan"]


def test_all_files_together_have_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asset_files, "MAX_UPLOAD_BYTES", 7)
    (folder / "other.pdf").write_bytes(b"1234")
    (found,) = mistakes(posting(multipart={"a": {"file": "form.pdf"}, "b": {"file": "other.pdf"}}))
    assert "actions.post.multipart.b.file: other.pdf has 4 bytes; all files that a plan uploads" in found
    assert "together, and those before it leave 3 (each agent process keeps them in memory: " in found


def test_a_file_beyond_the_limit_is_refused_by_its_size_and_not_read(folder: Path) -> None:
    with (folder / "huge.bin").open("wb") as huge:
        huge.truncate(1 << 40)  # No memory holds it.
    assert only_mistake(posting(body_file="huge.bin")) == (
        "p.yaml: actions.post.body_file: huge.bin has 1,099,511,627,776 bytes; all files that a plan uploads have at "
        "most 268,435,456 bytes (256 MiB) together (each agent process keeps them in memory: upload smaller files, or "
        "the same file in several actions)"
    )


def test_a_file_without_end_is_refused() -> None:
    assert "it is a device; only regular files are read" in only_mistake(posting(body_file="/dev/zero"))
