"""What a run takes from the caller's disk and environment to the cluster: plan, files, variables, options.

The ConfigMap has the plan as it is written and the files that it names, flat. The Secret has what may be secret: the
variables that the plan reads, secrets from files, TLS files, and the values of `--set` and `--base-url`. The master's
command names a file that has another place in the cluster with `--set`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gradual.errors import ClusterInputError
from gradual_common.language.document import value_at
from gradual_common.plan.data.data_files import files_of
from gradual_common.plan.loader import LoadedPlan
from gradual_master.command_line.options import RunArguments

PLAN_FILE: Final = "plan.yaml"

MAX_BYTES: Final = 1024 * 1024
"""Of a ConfigMap and of a Secret, as the API server counts them: keys and values."""

SHOWN_FILES: Final = 3

FLEET_FOLDER: Final = "/fleet"
"""Where the master's pod has the Secret."""

_NOT_IN_KEYS = re.compile(r"[^-._A-Za-z0-9]+")
_PLAIN_PLACE = re.compile(r"[/A-Za-z0-9][-._/*A-Za-z0-9]*")
_RESERVED = re.compile(r"PATH|HOME|LD_.*|PYTHON.*|GRADUAL_.*|AGENTS")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A plan with all that it needs, ready for the objects of a cluster."""

    files: dict[str, bytes]
    """Of the ConfigMap, by key."""

    secret_files: dict[str, bytes] = field(repr=False)
    """Of the Secret, by key."""

    variables: dict[str, str] = field(repr=False)
    """The environment of the master's container, from the Secret."""

    paths: dict[str, str]
    """Where the master has the files of the ConfigMap that do not lie beside the plan, by key."""

    arguments: list[str]
    """Of `gradual-master run`, after those that every run has. `$(NAME)` is put in by Kubernetes."""


def make_bundle(text: bytes, loaded: LoadedPlan, arguments: RunArguments) -> Bundle:
    """Everything that the plan needs; ClusterInputError if a cluster cannot take it."""
    bundle = Bundle({PLAN_FILE: text}, {}, dict(_checked(loaded.variables)), {}, plain_options(arguments))
    for file in loaded.includes:
        _add_include(bundle, loaded, file)
    for option, value in _hidden_options(arguments):
        name = f"GRADUAL_OPTION_{len(bundle.arguments)}"
        bundle.variables[name] = value
        bundle.arguments.append(f"{option}=$({name})")
    places: dict[Path, str] = {}
    for path, file in loaded.files.items():
        _add_file(bundle, loaded, path, file, places)
    check_size(bundle.files, "plan and data", "the ConfigMap")
    return bundle


def plain_options(arguments: RunArguments) -> list[str]:
    """The options for the master that hold nothing secret."""
    words = [f"--lease={arguments.lease}", f"--interval={arguments.interval}"]
    words.append(f"--allow-missing={arguments.allow_missing}")
    words += [f"--users={arguments.users}"] if arguments.users is not None else []
    words += [f"--duration={arguments.duration}"] if arguments.duration is not None else []
    flags = {"--allow-saturated": arguments.allow_saturated, "--verbose": arguments.verbose, "--quiet": arguments.quiet}
    words += [flag for flag, is_set in flags.items() if is_set]
    words += [f"--fail-on={arguments.fail_on}"] if arguments.fail_on != "regression" else []
    words += [f"--profile={arguments.profile}"] if arguments.profile is not None else []
    words += [f"--tag={tag}" for tag in arguments.tag]
    words += [f"--log-format={arguments.log_format}"]
    return [literal(word) for word in words]


def literal(word: str) -> str:
    """An argument that Kubernetes passes on as it is: `$(` would begin a variable."""
    return word.replace("$(", "$$(")


def _hidden_options(arguments: RunArguments) -> Iterator[tuple[str, str]]:
    if arguments.base_url is not None:
        yield "--base-url", arguments.base_url
    yield from (("--set", entry) for entry in arguments.set_)


def _checked(variables: Mapping[str, str]) -> Mapping[str, str]:
    for name in variables:
        if _RESERVED.fullmatch(name):
            raise ClusterInputError(
                f"the plan reads the variable {name}, which the master's container needs for itself: "
                f"give the plan's variable another name"
            )
    return variables


def _add_include(bundle: Bundle, loaded: LoadedPlan, file: Path) -> None:
    """Put an included file in, at the place where the plan looks for it."""
    place = Path(os.path.relpath(file, loaded.folder))
    if ".." in place.parts:
        raise ClusterInputError(
            f"the plan includes {file}, which is outside of the plan's folder: in a cluster, included files have to be "
            f"in it, or in a folder below it"
        )
    key = new_key(file.name, {*bundle.files})
    bundle.files[key] = file.read_bytes()
    if key != place.as_posix():
        bundle.paths[key] = place.as_posix()


def _add_file(
    bundle: Bundle, loaded: LoadedPlan, path: tuple[str | int, ...], file: Path, places: dict[Path, str]
) -> None:
    """Put a file in, and say in the master's command where it is."""
    number = len(bundle.arguments)
    if path[:1] == ("secrets",):
        bundle.variables[f"GRADUAL_SECRET_{number}"] = loaded.job.secrets[str(path[1])]
        bundle.arguments.append(f"--set={shown_path(path[:2])}={{env: GRADUAL_SECRET_{number}}}")
        return
    is_tls = "tls" in path
    target = bundle.secret_files if is_tls else bundle.files
    if file not in places and "data" in path and len(found := files_of(file)) + (found[0] != file) > 1:
        # Their order is that of their names, and other files of the ConfigMap must not match.
        for position, one in enumerate(found):
            bundle.files[new_key(f"set{number}-{position:06}-{one.name}", {*bundle.files})] = one.read_bytes()
        places[file] = f"set{number}-*"
    if file not in places:
        # The Secret has the fleet's own ca.pem, master.pem and so on beside it.
        places[file] = new_key(f"tls-{file.name}" if is_tls else file.name, {*bundle.files, *bundle.secret_files})
        target[places[file]] = file.read_bytes()
        if path[2:3] == ("multipart",) and places[file] != file.name:
            places[file] = _place_of_upload(bundle, places[file], file)
    written = value_at(loaded.job.document, path)
    if written is None:  # a data set that is written as the name of its file
        path = path[:-1]
        written = value_at(loaded.job.document, path)
    place = f"{FLEET_FOLDER}/{places[file]}" if is_tls else places[file]
    if written != place:
        bundle.arguments.append(f"--set={shown_path(path)}={_as_written(place)}")


def _place_of_upload(bundle: Bundle, key: str, file: Path) -> str:
    """A folder of its own, in which the file keeps its name: the system under test gets to see it."""
    bundle.paths[key] = f"upload-{key}/{file.name}"
    return bundle.paths[key]


def _as_written(place: str) -> str:
    """A place as `--set` reads it, which is as YAML."""
    plain = place if _PLAIN_PLACE.fullmatch(place) else json.dumps(place, ensure_ascii=False)
    return literal(plain)


def new_key(name: str, taken: set[str]) -> str:
    """A key of a ConfigMap for a file, which no other file has."""
    plain = _NOT_IN_KEYS.sub("-", name).lstrip(".") or "file"
    number, key = 1, plain
    while key in taken:
        number += 1
        key = f"{number}-{plain}"
    return key


def shown_path(path: tuple[Any, ...]) -> str:
    """A place in a plan as `--set` reads it: `users[0].data."my.set"`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if part.isidentifier() else f'."{part}"'
    return text.removeprefix(".")


def check_size(files: Mapping[str, bytes], what: str, where: str) -> None:
    """ClusterInputError with the largest files if they are too large for one object."""
    total = sum(len(key) + len(content) for key, content in files.items())
    if total <= MAX_BYTES:
        return
    largest = sorted(files, key=lambda key: -len(files[key]))[:SHOWN_FILES]
    shown = ", ".join(f"{key} {len(files[key]):,} bytes" for key in largest)
    raise ClusterInputError(
        f"{what} have {total:,} bytes, and {where} holds at most {MAX_BYTES:,}; the largest: {shown}. "
        f"Give files with fewer rows or columns, and smaller uploads"
    )


def grace_of(loaded: LoadedPlan) -> int:
    """Seconds that the master needs to end the run."""
    return 2 * -(-loaded.plan.config.graceful_stop // 1_000_000_000) + 15
