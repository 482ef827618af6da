"""A cluster as a run uses it: the calls of the official client, with errors that say what, where and what to do.

Everything is in one namespace. Objects go in and come out as plain dicts, as Kubernetes writes them in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gradual.errors import ClusterError
from gradual.kubernetes.objects import INSTANCE, KubernetesObject

if TYPE_CHECKING:  # heavy: half a second
    from kubernetes.client import ApiClient
    from kubernetes.client.exceptions import ApiException

INSTALL: Final = "the Kubernetes client is not installed: pip install 'gradual-loadtest[kubernetes]'"

TIMEOUT_S: Final = (10, 60)
"""To connect, and to answer."""

STATUS_CHANNEL: Final = 3
"""Of the connection of a command in a container: how it ended (Kubernetes' protocol v4.channel.k8s.io)."""

DEFAULT_NAMESPACE: Final = "default"

KINDS: Final = {
    "ConfigMap": ("CoreV1Api", "config_map"),
    "Secret": ("CoreV1Api", "secret"),
    "Service": ("CoreV1Api", "service"),
    "Pod": ("CoreV1Api", "pod"),
    "Event": ("CoreV1Api", "event"),
    "Job": ("BatchV1Api", "job"),
    "NetworkPolicy": ("NetworkingV1Api", "network_policy"),
    "PodDisruptionBudget": ("PolicyV1Api", "pod_disruption_budget"),
}
"""How the client calls the kinds of objects that a run makes or reads."""


@dataclass(frozen=True, slots=True)
class Access:
    """Something that one may be allowed to do in a namespace."""

    verb: str
    group: str
    """The API group; empty for the core."""
    resource: str
    """With a part of it after a slash: `pods/log`."""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f" ({self.group})" if self.group else "")


class Cluster:
    """One namespace of a cluster."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    def create(self, entry: KubernetesObject) -> KubernetesObject:
        """Make an object; returns it with its uid."""
        kind, name = entry["kind"], entry["metadata"]["name"]
        with self._explained(f"create the {kind} {name}"):
            return self._plain(self._method("create", kind)(self.namespace, entry, _request_timeout=TIMEOUT_S))

    def of_run(self, kind: str, name: str) -> list[KubernetesObject]:
        """The objects of a kind that belong to a run."""
        return self._list(kind, f"{INSTANCE}={name}")

    def events(self) -> list[KubernetesObject]:
        """The events of the namespace, from the oldest."""
        return sorted(self._list("Event", ""), key=_when)

    def delete(self, kind: str, name: str, grace_s: int | None = None) -> None:
        """Delete an object, and in the background everything that it owns; nothing if it is not there.

        `grace_s`: how long its containers may take to end, if not as long as the object says.
        """
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415 - heavy

        options: dict[str, Any] = {"propagationPolicy": "Background"}
        options |= {} if grace_s is None else {"gracePeriodSeconds": grace_s}
        with self._explained(f"delete the {kind} {name}"):
            try:
                self._method("delete", kind)(name, self.namespace, body=options, _request_timeout=TIMEOUT_S)
            except ApiException as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise

    def denied(self, wanted: Sequence[Access]) -> list[Access]:
        """What of this the user may not do here."""
        return [access for access in wanted if not self._may(access)]

    def log(self, pod: str, container: str, *, follow: bool = False, tail: int | None = None) -> Iterator[bytes]:
        """The log of a container, in pieces; with `follow` until the container ends."""
        from kubernetes.client import CoreV1Api  # noqa: PLC0415 - heavy

        with self._explained(f"read the log of the pod {pod}"):
            response = CoreV1Api(self._client).read_namespaced_pod_log(
                pod, self.namespace, container=container, follow=follow, tail_lines=tail, _preload_content=False
            )
            try:
                yield from response.stream(decode_content=False)
            finally:
                response.release_conn()

    def execute(self, pod: str, container: str, command: Sequence[str]) -> bytes:
        """The output of a command in a container; ClusterError if it does not end with 0."""
        from kubernetes.client import CoreV1Api  # noqa: PLC0415 - heavy
        from kubernetes.stream import stream  # noqa: PLC0415

        with self._explained(f"run `{command[0]}` in the pod {pod}"):
            call = stream(
                CoreV1Api(self._client).connect_get_namespaced_pod_exec,
                pod,
                self.namespace,
                container=container,
                command=list(command),
                stdout=True,
                stderr=True,
                stdin=False,
                tty=False,
                binary=True,
                _preload_content=False,
            )
            output, errors = read_stream(call)
            failure = failure_of(call.read_channel(STATUS_CHANNEL))
        if failure:
            said = errors.decode(errors="replace").strip() or failure
            raise ClusterError(f"`{command[0]}` in the pod {pod} failed: {said}")
        return output

    def _may(self, access: Access) -> bool:
        from kubernetes.client import AuthorizationV1Api  # noqa: PLC0415 - heavy

        resource, _, part = access.resource.partition("/")
        attributes = {"namespace": self.namespace, "verb": access.verb, "group": access.group, "resource": resource}
        review = {"spec": {"resourceAttributes": {**attributes, "subresource": part}}}
        with self._explained("ask what this user may do"):
            create = AuthorizationV1Api(self._client).create_self_subject_access_review
            return bool(create(review, _request_timeout=TIMEOUT_S).status.allowed)

    def _list(self, kind: str, selector: str) -> list[KubernetesObject]:
        with self._explained(f"list objects of the kind {kind}"):
            found = self._method("list", kind)(self.namespace, label_selector=selector, _request_timeout=TIMEOUT_S)
            return [{**self._plain(entry), "kind": kind} for entry in found.items]

    def _method(self, verb: str, kind: str) -> Callable[..., Any]:
        from kubernetes import client  # noqa: PLC0415 - heavy

        interface, name = KINDS[kind]
        method: Callable[..., Any] = getattr(getattr(client, interface)(self._client), f"{verb}_namespaced_{name}")
        return method

    def _plain(self, entry: Any) -> KubernetesObject:
        plain: KubernetesObject = self._client.sanitize_for_serialization(entry)
        return plain

    @contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        """Errors of the client as ClusterError."""
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415 - heavy
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            yield
        except ApiException as error:
            raise ClusterError(explain_refusal(action, self.namespace, error)) from error
        except (HTTPError, OSError) as error:
            server = self._client.configuration.host
            raise ClusterError(
                f"cannot {action}: the API server {server} does not answer ({brief_cause(error)}); "
                f"check the cluster with `kubectl get --raw /readyz`, and --kubeconfig and --context"
            ) from error


def connect(kubeconfig: Path | None, context: str | None, namespace: str | None) -> Cluster:
    """The cluster of a configuration, by default that of kubectl; ClusterError if there is none."""
    try:
        from kubernetes import config  # noqa: PLC0415 - heavy
    except ModuleNotFoundError:
        raise ClusterError(INSTALL) from None
    file = None if kubeconfig is None else str(kubeconfig)
    try:
        _, active = config.list_kube_config_contexts(file)
        client = config.new_client_from_config(file, context)
        chosen = active if context is None else _named_context(config, file, context)
    except (config.ConfigException, OSError) as error:
        raise ClusterError(
            f"no cluster is known: {error}; name a configuration with --kubeconfig or the variable KUBECONFIG"
        ) from error
    return Cluster(client, namespace or chosen["context"].get("namespace") or DEFAULT_NAMESPACE)


def _named_context(config: Any, file: str | None, name: str) -> Any:
    contexts, _ = config.list_kube_config_contexts(file)
    return next(entry for entry in contexts if entry["name"] == name)


def read_stream(call: Any) -> tuple[bytes, bytes]:
    """Everything that a command writes until it ends: output and errors."""
    output, errors = bytearray(), bytearray()
    while call.is_open():
        call.update(timeout=1)
        output += call.read_stdout(timeout=0) if call.peek_stdout(timeout=0) else b""
        errors += call.read_stderr(timeout=0) if call.peek_stderr(timeout=0) else b""
    return bytes(output), bytes(errors)


def failure_of(status: bytes | str) -> str:
    """Why a command in a container failed, from the status at its end; empty if it ended with 0.

    The client's own `returncode` raises ValueError for a command that could not be started.
    """
    if not status:
        return "the connection was lost before its end"
    read = json.loads(status)
    return "" if read.get("status") == "Success" else str(read.get("message", "no reason given"))


def explain_refusal(action: str, namespace: str, error: ApiException) -> str:
    """What the API server refused, and what to do."""
    if error.status == HTTPStatus.UNAUTHORIZED:
        return f"cannot {action}: the API server does not know this user (401); renew the credentials of the kubeconfig"
    said = message_of(error.body) or error.reason or "no reason given"
    hint = ""
    if error.status == HTTPStatus.FORBIDDEN and "exceeded quota" in said:
        hint = "; ask for less, or have the quota raised"
    elif error.status == HTTPStatus.FORBIDDEN:
        hint = "; the permissions that a run needs are in docs/kubernetes.md"
    elif error.status == HTTPStatus.NOT_FOUND and "namespaces" in said:
        hint = f"; make it first: kubectl create namespace {namespace}"
    return f"cannot {action} in the namespace {namespace}: {said}{hint}"


def message_of(body: Any) -> str:
    """The message of an answer of the API server; empty if it has none."""
    try:
        return str(json.loads(body)["message"])
    except (TypeError, ValueError, KeyError):
        return ""


def brief_cause(error: BaseException) -> str:
    """The innermost reason, without the names of classes of the client."""
    cause = getattr(error, "reason", None)
    return brief_cause(cause) if isinstance(cause, BaseException) else str(cause or error)


def _when(event: KubernetesObject) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
