"""`${X}` and `${X:-default}` in the scalars of a plan, and the values of its secrets.

What a variable brings in is never read as a template: outside `{{…}}` its braces are escaped for Jinja; inside
`{{…}}` and in conditions it may only be a number, or text between quotes that does not end them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from gradual_common.kinds.registry import kind_of_action
from gradual_common.language.document import Document, Path, Plain, mapping_at
from gradual_common.language.wording import nearest
from gradual_common.plan.reading.regular_files import TooLargeError, read_regular
from gradual_common.plan.reading.yaml import read_scalar
from gradual_common.secrecy.credentials import is_credential
from gradual_common.secrecy.field_names import names_credential
from gradual_common.secrecy.masking import MIN_CREDENTIAL_LENGTH

_VARIABLE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}|\$\{(?P<wrong>[^}]*)\}?")
_OPENING = re.compile(r"\{[{%#]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_UNSAFE_IN_QUOTES = re.compile(r"""['"\\{}%#\n]""")
_SHOUTED = re.compile(r"[A-Z]+(?:_[A-Z]+)*")
_BRACES = re.compile(r"\{+[{%#]")

MAX_SECRET_BYTES = 1024 * 1024

Locate = Callable[[Path, str], FilePath]
"""The file that is named at a path of the plan."""


class Variables(dict[str, str]):
    """The variables of an environment; `used` has those that were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.used: dict[str, str] = {}

    def get(self, name: str, default: Any = None, /) -> Any:
        """The value of a variable, which is noted as used."""
        if name in self:
            self.used[name] = self[name]
        return super().get(name, default)


class Piece(NamedTuple):
    """A part of a text: written in the plan, or the value of a variable (`brought`)."""

    text: str
    brought: bool = False


def substitute_variables(document: Document, environ: Mapping[str, str]) -> None:
    """Put the variables into every scalar of the document; an unset one is a problem."""
    document.root = {key: _substitute(value, (key,), document, environ) for key, value in document.root.items()}


def _substitute(value: Any, path: Path, document: Document, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(child, (*path, key), document, environ) for key, child in value.items()}
    if isinstance(value, list):
        return [_substitute(child, (*path, index), document, environ) for index, child in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    document.credentials.update(_credentials_brought(value, path, environ))
    try:
        joined = join_pieces(split_text(value, environ), template_kind(document, path))
        return read_scalar(joined) if isinstance(value, Plain) else joined
    except ValueError as error:
        document.report(path, *error.args)
        return None


def _credentials_brought(text: str, path: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """The values of variables with sensitive names, and of all variables at the place of a credential."""
    in_place = is_credential(path)
    for match in _VARIABLE.finditer(text):
        if (name := match["name"]) is not None and (in_place or names_credential(name)):
            values = (environ.get(name, ""), match["default"] or "")
            yield from (value for value in values if len(value) >= MIN_CREDENTIAL_LENGTH)


def split_text(text: str, environ: Mapping[str, str]) -> list[Piece]:
    """The text in pieces, with the variables' values; ValueError(message, hint) for one that is unset."""
    pieces: list[Piece] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        pieces.append(Piece(text[end : match.start()]))
        end = match.end()
        is_escape = match.group() == "$${"
        pieces.append(Piece("${") if is_escape else Piece(_value_of(match, environ), brought=True))
    return [*pieces, Piece(text[end:])]


def _value_of(match: re.Match[str], environ: Mapping[str, str]) -> str:
    name, default = match["name"], match["default"]
    if name is None:
        raise ValueError(f"{match.group()!r} is not a variable", "write ${NAME} or ${NAME:-default}; a plain ${ is $${")
    value = environ.get(name, "")
    if default is not None:
        return value or str(default)
    if name not in environ:
        hint = nearest(name, list(environ)) or f"set it, pass -e {name}=…, or give a default: ${{{name}:-…}}"
        raise ValueError(f"the variable {name} is not set", hint)
    return value


def template_kind(document: Document, path: Path) -> str:
    """How the text at a path is read: "text", "template", or "expression"."""
    if path[-1:] == ("condition",):
        return "expression"
    if path[:2] in (("config", "headers"), ("config", "base_url")):
        return "template"
    if len(path) < 3 or path[0] != "actions" or "body_matches" in path or "json_schema" in path:
        return "text"
    if path[2] == "record" and path[-1] != "value":
        return "text"
    kind = kind_of_action(mapping_at(document.root, *path[:2]))
    return "template" if kind is not None and path[2] in kind.template_keys else "text"


def join_pieces(pieces: list[Piece], kind: str) -> str:
    """The text of all pieces, in which no value of a variable can be read as a template."""
    if kind == "text":
        return "".join(piece.text for piece in pieces)
    scanner = _HoleScanner(inside=kind == "expression")
    for index, piece in enumerate(pieces):
        if piece.brought:
            scanner.bring(piece.text, next((later.text for later in pieces[index + 1 :] if later.text), ""))
        else:
            scanner.write(piece.text)
    return scanner.text


class _HoleScanner:
    """Follows a text from left to right and knows whether its end lies inside `{{…}}`, and there inside quotes."""

    # A variable's value comes from outside of the plan: a password may hold `{{`, and a value from another source
    # could read secrets if it became a template. There are three places with a rule each:
    #   Outside of a hole, anything may come in. Braces that Jinja would read are written as a hole that holds them as
    # text, `{{ '{{' }}`. A pair may also consist of one brace of the author and one of the variable, at either end of
    # the value: so both ends are checked together with their neighbour.
    #   Inside quotes within a hole, anything may come in that neither ends the quotes nor begins an escape.
    #   Inside a hole without quotes, only a number: a name would be read as a name, and `a or secrets.b` as an
    # expression. A condition is one hole from its start (`_bare`), with or without braces around it.

    def __init__(self, inside: bool) -> None:
        self.text = ""
        self._inside = inside
        self._bare = inside
        self._quote = ""

    def write(self, text: str) -> None:
        """Append what the plan's author wrote."""
        self.text += text
        position = 0
        while position < len(text):
            position += self._step(text, position)

    def _step(self, text: str, position: int) -> int:
        """Follow the text at `position`; returns by how many characters."""
        pair, character = text[position : position + 2], text[position]
        if self._quote:
            if character == "\\":
                return 2
            self._quote = "" if character == self._quote else self._quote
        elif self._inside and character in "'\"":
            self._quote = character
        elif self._inside and pair in {"}}", "%}", "#}"}:
            self._inside = self._bare
            return 2
        elif not self._inside and _OPENING.fullmatch(pair):
            self._inside = True
            return 2
        return 1

    def bring(self, text: str, following: str) -> None:
        """Append what a variable brought in; `following` comes after it."""
        if self._quote and _UNSAFE_IN_QUOTES.search(text):
            reason = "a variable inside {{…}} brings in a quote, brace, backslash or line end"
            raise ValueError(reason, "move it out of the {{…}}")
        if self._inside and not self._quote and not _NUMBER.fullmatch(text):
            reason = "a variable inside an expression may only bring in a number, and this one brings in text"
            raise ValueError(reason, "put quotes around it if it is text")
        brought = text if self._inside else self._escaped(text, following)
        self.text += brought

    def _escaped(self, text: str, following: str) -> str:
        """The text for outside of a hole: braces that Jinja would read become a hole with the braces as text."""
        if self.text.endswith("{") and text[:1] in ("{", "%", "#"):
            # The author's own brace would open a hole with the first one brought in.
            self.text, text = self.text[:-1], "{" + text
        escaped = _BRACES.sub(lambda match: _as_literal(match.group()), text)
        if escaped.endswith("{") and following[:1] in ("{", "%", "#"):
            escaped = escaped[:-1] + _as_literal("{")
        return escaped


def _as_literal(braces: str) -> str:
    return "{{ '" + braces + "' }}"


def read_secrets(document: Document, environ: Mapping[str, str], locate: Locate) -> dict[str, str]:
    """The value of every secret. A wrong source is not reported here: the check of the plan's shape does."""
    values = {}
    for name, source in mapping_at(document.root, "secrets").items():
        path: Path = ("secrets", name)
        env, file = mapping_at(source).get("env"), mapping_at(source).get("file")
        if isinstance(env, str):
            value = environ.get(env)
            if value is None:
                # Show the name only if it looks like one: authors write the secret itself in this place by mistake.
                is_name = _SHOUTED.fullmatch(env) is not None
                hint = f"export {env}=…, or pass -e {env}=…" if is_name else "write the name of a variable"
                document.report((*path, "env"), "the variable that is named here is not set", hint)
        elif isinstance(file, str):
            value = _read_file(document, (*path, "file"), file, locate)
        else:
            continue
        if value is not None and len(value) < MIN_CREDENTIAL_LENGTH:
            document.report(path, f"a secret has at least {MIN_CREDENTIAL_LENGTH} characters, else it cannot be masked")
        elif value is not None:
            values[name] = value
    return values


def _read_file(document: Document, path: Path, file: str, locate: Locate) -> str | None:
    """The text of the file that is named at a path, without the line end at its end."""
    try:
        content = read_regular(locate(path, file), MAX_SECRET_BYTES, may_be_given=True)
        return content.decode().replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    except UnicodeError:
        reason = "it is not UTF-8 text"
    except TooLargeError as error:
        reason = str(error)
    except OSError as error:
        reason = error.strerror or "no file name"
    document.report(path, f"cannot read the file that is named here: {reason}")
    return None
