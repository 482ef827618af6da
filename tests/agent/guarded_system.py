"""A system that wants credentials, and counts what it reads: Digest (RFC 7616), tokens of its own (RFC 6749, 4.4)."""

import asyncio
import hashlib
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote_plus

USER, PASSWORD = "amy", "open sesame"
CLIENT, SECRET = "load & test", "s/e:cret"


@dataclass
class GuardedSystem:
    """`/digest/…` and `/redirect` want Digest, `/api/…` a token, which `/token` gives; anything else is open.

    `/api/broken` repeats the token as it fails, `/api/away` leads to `away`.
    """

    algorithm: str = "SHA-256"
    qop: str = "auth"
    nonce_uses: int = 1 << 30
    """Requests that a nonce is good for; beyond it is stale."""
    token_life: float = 3600
    """What `expires_in` says, s; 0: nothing."""
    token_status: int = 200
    """What `/token` answers; with -1 it never does."""
    token_delay: float = 0
    counted: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    valid: set[str] = field(default_factory=set)
    """Tokens that open `/api`."""
    scopes: Counter[str] = field(default_factory=Counter)
    used: dict[str, int] = field(default_factory=dict)
    """The last count of each nonce."""
    port: int = 0
    away: str = ""
    """Another system's page."""

    @property
    def messages(self) -> int:
        return sum(self.counted.values())

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                line, *lines = head.split("\r\n")
                fields = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                method, target, _ = line.split()
                self.counted[target.partition("?")[0]] += 1
                status, extra, text = await self._answer(method, target, fields, body.decode())
                self.statuses[status] += 1
                message = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n{extra}\r\n{text}"
                writer.write(message.encode())
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The client has gone, or the test is over.
        finally:
            writer.close()

    async def _answer(self, method: str, target: str, fields: dict[str, str], body: str) -> tuple[int, str, str]:
        given = fields.get("authorization", "")
        if target == "/token":
            return await self._give_token(given, body)
        if target.startswith("/api"):
            token = given.removeprefix("Bearer ")
            if target == "/api/away":
                return 302, f"Location: {self.away}\r\n", ""
            if target == "/api/broken":
                return 500, "", f"what shall {token} be?"
            return (200, "", "{}") if token in self.valid else (401, "", "{}")
        if target.startswith(("/digest", "/redirect")):
            wrong = self._wrong(method, target, given)
            if wrong is not None:
                return 401, self._challenge(wrong), "{}"
            return (302, "Location: /digest/after\r\n", "") if target == "/redirect" else (200, "", "{}")
        return 200, "", "{}"

    def _challenge(self, wrong: str) -> str:
        nonce = f"nonce-{len(self.used)}"
        self.used[nonce] = 0
        qop = f', qop="{self.qop}"' if self.qop else ""
        stale = ", stale=true" if wrong == "stale" else ""
        digest = f'Digest realm="r", nonce="{nonce}", algorithm={self.algorithm}{qop}{stale}, opaque="o"'
        return f'WWW-Authenticate: Basic realm="r"\r\nWWW-Authenticate: {digest}\r\n'

    def _wrong(self, method: str, target: str, given: str) -> str | None:
        """What is wrong with an answer; None if it is right. A count is good once only."""
        found = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', given)}
        if found.get("nonce") not in self.used or found["uri"] != target or found["username"] != USER:
            return "missing"
        name, nonce, cnonce = self.algorithm.lower().removesuffix("-sess"), found["nonce"], found.get("cnonce", "")

        def digest(text: str) -> str:
            return hashlib.new(name.replace("-", ""), text.encode()).hexdigest()

        secret = digest(f"{USER}:r:{PASSWORD}")
        if self.algorithm.lower().endswith("-sess"):
            secret = digest(f"{secret}:{nonce}:{cnonce}")
        between = f"{nonce}:{found['nc']}:{cnonce}:auth" if self.qop else nonce
        if found["response"] != digest(f"{secret}:{between}:{digest(f'{method}:{target}')}"):
            return "password"
        number = int(found["nc"], 16) if self.qop else self.used[nonce] + 1
        if number != self.used[nonce] + 1:
            return "count"
        self.used[nonce] = number
        return "stale" if number > self.nonce_uses else None

    async def _give_token(self, given: str, body: str) -> tuple[int, str, str]:
        await asyncio.sleep(self.token_delay)
        if self.token_status < 0:
            await asyncio.sleep(3600)
        form = {name: values[0] for name, values in parse_qs(body).items()}
        name, _, secret = b64decode(given.removeprefix("Basic ")).decode().partition(":")
        is_known = (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)
        if form.get("grant_type") != "client_credentials" or not is_known:
            return 401, "", json.dumps({"error": "invalid_client"})
        if self.token_status != 200:
            return self.token_status, "", json.dumps({"error": "temporarily_unavailable"})
        token = f"token-{self.counted['/token']}"
        self.valid.add(token)
        self.scopes[form.get("scope", "")] += 1
        life = {"expires_in": self.token_life} if self.token_life else {}
        return (
            200,
            "Content-Type: application/json\r\n",
            json.dumps({"access_token": token, "token_type": "Bearer"} | life),
        )
