"""One server of models: its address, its dialect, its key, and one exchange with it."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.data.generate.dialects import DIALECTS, ServerDialect, guess_dialect
from lf_qwen3.data.generate.model_reply import ModelReply, StreamedReply, UnreadableReply, parse_reply
from lf_qwen3.data.generate.model_request import ModelRequest

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

INSTALL = 'pip install "lf-qwen3[generate]"'
_VERSION = re.compile(r"/(?:v\d+\w*|openai)$")
_CONNECT_SECONDS = 30
_SECRET = 16
"""Characters of a key that is one; a shorter one ("EMPTY") may be a word of a reply."""

_SHOWN = 500
_WHOLE = ("application/json", "text/html")
"""Of a body that is not a stream, also where one was asked for."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ServerFault(Exception):  # noqa: N818 - an outcome of one exchange
    """An exchange without a reply.

    `status` is HTTP's, 0 where no answer came; `retry_after` is in seconds, None where nothing is said;
    `timed_out` tells that the server stopped responding, so that the reply may be billed all the same.
    """

    def __init__(
        self, text: str, status: int = 0, retry_after: float | None = None, timed_out: bool = False
    ) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.retry_after = retry_after
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A server: `root` is its address, `api` that with the version of the API. `key` is shown nowhere."""

    root: str
    api: str
    dialect: ServerDialect
    key: str = ""

    def __repr__(self) -> str:
        return f"ModelServer({self.api!r}, {self.dialect.name!r})"

    @property
    def is_here(self) -> bool:
        """Return whether it is on this machine."""
        return urlsplit(self.root).hostname in _LOOPBACK

    def headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        plain = {"Content-Type": "application/json"}
        return plain | ({"Authorization": f"Bearer {self.key}"} if self.key else {})

    def hide_key(self, text: str) -> str:
        """Return a text of the server's without the key, which some repeat, plain or in a code."""
        if self.key:
            in_base64 = base64.b64encode(self.key.encode()).decode().rstrip("=")
            for form in (self.key, quote(self.key, ""), json.dumps(self.key)[1:-1], in_base64):
                text = text.replace(form, "***")
        return text

    def open_session(self, connections: int, silence: float) -> ClientSession:
        """Return an aiohttp session; `silence` are the seconds without a byte after which it gives up."""
        aiohttp = import_aiohttp()
        session: ClientSession = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            headers=self.headers(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence),
            trust_env=not self.is_here,
            read_bufsize=1 << 20,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return session

    async def exchange(self, session: ClientSession, request: ModelRequest) -> ModelReply:
        """Send one request and return its reply. Raises `ServerFault`.

        A redirect is not followed: the key, and what is asked, go to the address that was named.
        """
        is_native = request.endpoint == "/completion"
        streams = self.dialect.streams and not is_native
        body = dict(request.body)
        if streams:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        try:
            url = (self.root if is_native else self.api) + request.endpoint
            async with session.post(url, data=orjson.dumps(body), allow_redirects=False) as response:
                if response.status != 200:
                    raise await self._refusal(response)
                if streams and response.content_type not in _WHOLE:
                    reply = await _read_stream(response)
                else:
                    reply = parse_reply(await response.read())
                return self._without_key(reply) if len(self.key) >= _SECRET else reply
        except UnreadableReply as error:
            raise ServerFault(self.hide_key(str(error))[:_SHOWN]) from None
        except TimeoutError as error:
            is_billed = not isinstance(error, import_aiohttp().ConnectionTimeoutError)
            raise ServerFault("the server stopped responding", timed_out=is_billed) from None
        except (import_aiohttp().ClientError, OSError) as error:
            raise ServerFault(self.hide_key(f"{type(error).__name__}: {error}")[:_SHOWN]) from None

    def _without_key(self, reply: ModelReply) -> ModelReply:
        content, reasoning, model = map(self.hide_key, (reply.content, reply.reasoning, reply.model))
        return replace(reply, content=content, reasoning=reasoning, model=model)

    async def _refusal(self, response: ClientResponse) -> ServerFault:
        text = " ".join((await response.content.read(1 << 16)).decode("utf-8", "replace").split())
        if place := response.headers.get("Location"):
            text = f"it redirects to {place}: name that address {text}"
        after = parse_retry_after(response.headers.get("Retry-After", ""))
        return ServerFault(self.hide_key(text)[:_SHOWN], response.status, after)


async def _read_stream(response: ClientResponse) -> ModelReply:
    reply = StreamedReply()
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            reply.add(line.rstrip(b"\r"))
    reply.add(rest)
    return reply.build()


def parse_retry_after(text: str) -> float | None:
    """Return the seconds that a Retry-After asks to wait, given as such or as a date; None for neither."""
    with contextlib.suppress(ValueError):
        return seconds if 0 <= (seconds := float(text)) < math.inf else None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date - datetime.now(date.tzinfo or UTC)).total_seconds())


def import_aiohttp() -> Any:
    """Return aiohttp. Raises `LfQwen3Error` ("extra_missing") with how to install it."""
    try:
        import aiohttp
    except ImportError as error:
        raise LfQwen3Error(
            "aiohttp, which sends the requests, is not installed", f"run: {INSTALL}", code="extra_missing"
        ) from error
    return aiohttp


def describe_server(url: str, dialect: str = "", api_key_env: str = "") -> ModelServer:
    """Return a server by its address, with or without the version (`/v1`); nothing is sent.

    `dialect` names what it is. `api_key_env` names the environment variable that holds the key. Raises
    `UsageError` for an address that is none, an unknown dialect, a variable that is not set.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(
            f"'{url}' is not the address of a server", "such as http://127.0.0.1:8000/v1", code="option_value"
        )
    if dialect and dialect not in DIALECTS:
        raise unknown_name("dialect", dialect, DIALECTS, code="unknown_dialect")
    key = os.environ.get(api_key_env, "").strip() if api_key_env else ""
    if api_key_env and not key:
        raise UsageError(
            f"the environment variable {api_key_env} is not set",
            "export it; do not write a key on the command line, where others on the machine can read it",
            code="key_missing",
        )
    if not key.isprintable() or " " in key.strip():
        raise UsageError(
            f"the environment variable {api_key_env} has no valid key: it contains blanks or line breaks",
            "export only the key",
            code="key_missing",
        )
    bare = url.rstrip("/")
    root = _VERSION.sub("", bare)
    api = bare if root != bare else f"{bare}/v1"
    return ModelServer(root, api, DIALECTS[dialect] if dialect else guess_dialect(url), key)


async def ask_dialect(server: ModelServer) -> ServerDialect:
    """Return the dialect by what the server says of its models; as it is where the server says nothing.

    Raises `LfQwen3Error`: `server_unreachable` where none answers, `server_error` where the key is refused.
    """
    status, body = await _get(server, f"{server.api}/models", "server", "start it, and wait until it listens")
    if status in (401, 403):
        text = server.hide_key(" ".join(body.decode("utf-8", "replace").split()))[:_SHOWN]
        raise LfQwen3Error(
            f"{server.root} answers {status}: {text}",
            "name the environment variable with the key: --api-key-env NAME",
            code="server_error",
        )
    try:
        owner = str(orjson.loads(body)["data"][0].get("owned_by"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return server.dialect
    return guess_dialect(server.api, owner)


async def read_served_file(server: ModelServer) -> str:
    """Return the file name of a llama.cpp server's model (`/props`), "" where it does not say.

    Raises `LfQwen3Error` ("server_unreachable").
    """
    cure = "start it (llama-server -m FILE.gguf --port 8080) and wait until it listens"
    status, body = await _get(server, f"{server.root}/props", "llama.cpp server", cure)
    try:
        properties = orjson.loads(body) if status == 200 else {}
        return str(properties.get("model_path") or "").replace("\\", "/").rpartition("/")[2]
    except (ValueError, AttributeError):
        return ""


async def _get(server: ModelServer, url: str, kind: str, cure: str) -> tuple[int, bytes]:
    """Return status and body of a page. Raises `LfQwen3Error` ("server_unreachable") where none answers."""
    aiohttp = import_aiohttp()
    try:
        async with (
            server.open_session(1, _CONNECT_SECONDS) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return response.status, await response.read()
    except (aiohttp.ClientError, OSError) as error:
        reason = server.hide_key(str(error)) or type(error).__name__
        raise LfQwen3Error(
            f"no {kind} answers at {server.root}: {reason}", cure, code="server_unreachable"
        ) from None  # what the library says may hold the headers
