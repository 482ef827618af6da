"""The official client against a small API server of the tests: what is asked, and what its refusals become."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import Access, Cluster, brief_cause, connect, failure_of, read_stream


class ApiServer(ThreadingHTTPServer):
    """Answers each path with what the test says, and notes what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        missing = {"message": f"{self.path} not found"}
        code, content = self.server.answers.get((self.command, self.path.partition("?")[0]), (404, missing))
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def kubeconfig(folder: Path, url: str, **context: str) -> Path:
    file = folder / "kubeconfig"
    entry = {"cluster": "c", "user": "u", **context}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "a-token"}}],
        "contexts": [{"name": "one", "context": entry}, {"name": "two", "context": {**entry, "namespace": "second"}}],
        "current-context": "one",
    }
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def cluster(server: ApiServer, tmp_path: Path) -> Cluster:
    return connect(kubeconfig(tmp_path, server.url), None, "load")


def test_the_namespace_is_that_of_the_option_or_the_context(server: ApiServer, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, server.url)
    assert connect(file, None, None).namespace == "default"
    assert connect(file, "two", None).namespace == "second"
    assert connect(file, "two", "third").namespace == "third"


@pytest.mark.parametrize(("name", "context"), [("nowhere", None), ("kubeconfig", "three")])
def test_a_cluster_that_is_not_known_is_said(name: str, context: str | None, tmp_path: Path) -> None:
    kubeconfig(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"no cluster is known: .*; name a configuration with --kubeconfig"):
        connect(tmp_path / name, context, None)


def test_without_the_extra_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kubernetes", None)
    with pytest.raises(ClusterError, match=r"pip install 'gradual-loadtest\[kubernetes\]'"):
        connect(None, None, None)


def test_objects_are_made_listed_and_deleted(server: ApiServer, cluster: Cluster) -> None:
    jobs = "/apis/batch/v1/namespaces/load/jobs"
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "uid": "1"}}
    server.answers = {
        ("POST", jobs): (201, job),
        ("GET", jobs): (200, {"items": [job]}),
        ("DELETE", f"{jobs}/a"): (200, {"status": "Success"}),
    }
    assert cluster.create(job)["metadata"] == {"name": "a", "uid": "1"}
    assert [entry["kind"] for entry in cluster.of_run("Job", "trial")] == ["Job"]
    cluster.delete("Job", "a", 1)
    cluster.delete("Job", "gone")
    assert [(method, unquote(path.partition("?")[2]), body) for method, path, body in server.asked] == [
        ("POST", "", job),
        ("GET", "labelSelector=app.kubernetes.io/instance=trial", None),
        ("DELETE", "", {"propagationPolicy": "Background", "gracePeriodSeconds": 1}),
        ("DELETE", "", {"propagationPolicy": "Background"}),
    ]


def test_events_come_in_their_order(server: ApiServer, cluster: Cluster) -> None:
    events = [
        {"metadata": {"name": name, "creationTimestamp": when}, "involvedObject": {}, "message": name}
        for name, when in (("b", "2026-01-01T00:00:02Z"), ("a", "2026-01-01T00:00:01Z"))
    ]
    server.answers = {("GET", "/api/v1/namespaces/load/events"): (200, {"items": events})}
    assert [event["message"] for event in cluster.events()] == ["a", "b"]


def test_what_a_user_may_not_do_is_found(server: ApiServer, cluster: Cluster) -> None:
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    server.answers = {("POST", reviews): (201, {"spec": {}, "status": {"allowed": False}})}
    access = Access("create", "batch", "jobs/status")
    assert cluster.denied([access]) == [access]
    assert str(access) == "create jobs/status (batch)"
    assert server.asked[0][2]["spec"]["resourceAttributes"] == {
        "namespace": "load",
        "verb": "create",
        "group": "batch",
        "resource": "jobs",
        "subresource": "status",
    }


def test_a_log_is_read_as_it_is(server: ApiServer, cluster: Cluster) -> None:
    server.answers = {("GET", "/api/v1/namespaces/load/pods/m/log"): (200, b"caf\xe9\nline\n")}
    assert b"".join(cluster.log("m", "master", tail=2)) == b"caf\xe9\nline\n"
    assert "container=master" in server.asked[0][1]
    assert "tailLines=2" in server.asked[0][1]


@pytest.mark.parametrize(
    ("code", "body", "message"),
    [
        (401, b"", r"does not know this user \(401\); renew the credentials"),
        (403, {"message": "secrets is forbidden"}, "secrets is forbidden; the permissions that a run needs are in"),
        (403, {"message": "exceeded quota: tight"}, "exceeded quota: tight; ask for less"),
        (404, {"message": 'namespaces "load" not found'}, "make it first: kubectl create namespace load"),
        (409, {"message": "already exists"}, "cannot create the Secret a in the namespace load: already exists$"),
        (500, b"oh", "in the namespace load: Internal Server Error$"),
    ],
)
def test_a_refusal_says_what_and_what_to_do(
    code: int, body: Any, message: str, server: ApiServer, cluster: Cluster
) -> None:
    server.answers = {("POST", "/api/v1/namespaces/load/secrets"): (code, body)}
    with pytest.raises(ClusterError, match=message) as caught:
        cluster.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "c2VjcmV0"}})
    assert "c2VjcmV0" not in str(caught.value)
    assert "a-token" not in str(caught.value)


def test_other_refusals_of_a_deletion_are_said(server: ApiServer, cluster: Cluster) -> None:
    server.answers = {("DELETE", "/api/v1/namespaces/load/pods/a"): (403, {"message": "pods is forbidden"})}
    with pytest.raises(ClusterError, match="cannot delete the Pod a in the namespace load: pods is forbidden"):
        cluster.delete("Pod", "a")


def test_a_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    closed = ApiServer()
    closed.server_close()
    with pytest.raises(
        ClusterError, match=r"the API server http://127.0.0.1:\d+ does not answer \(.*refused.*\); check"
    ):
        connect(kubeconfig(tmp_path, closed.url), None, "load").events()


def test_the_reason_of_an_error_is_its_innermost() -> None:
    outer, inner = OSError("outer"), OSError("refused")
    outer.reason = inner  # type: ignore[attr-defined]
    assert brief_cause(outer) == "refused"


class FakeCall:
    """A command that writes in two pieces."""

    def __init__(self) -> None:
        self._output = [b"one ", b"two"]
        self._errors = [b"", b"oh"]

    def is_open(self) -> bool:
        return bool(self._output)

    def update(self, timeout: float) -> None:
        pass

    def peek_stdout(self, timeout: float) -> bytes:
        return self._output[0]

    def read_stdout(self, timeout: float) -> bytes:
        return self._output.pop(0)

    def peek_stderr(self, timeout: float) -> bytes:
        return self._errors[0]

    def read_stderr(self, timeout: float) -> bytes:
        return self._errors.pop(0)


def test_all_that_a_command_writes_is_read() -> None:
    call = FakeCall()
    call._errors = [b"oh", b""]
    assert read_stream(call) == (b"one two", b"oh")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (b'{"status": "Success"}', ""),
        (b'{"status": "Failure", "message": "exit code 1", "details": {"causes": []}}', "exit code 1"),
        (b'{"status": "Failure"}', "no reason given"),
        ("", "the connection was lost before its end"),
    ],
)
def test_how_a_command_ended(status: bytes | str, failure: str) -> None:
    assert failure_of(status) == failure


def test_a_command_that_cannot_be_run_is_said(server: ApiServer, cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="cannot run `tar` in the pod m"):
        cluster.execute("m", "reports", ["tar"])
