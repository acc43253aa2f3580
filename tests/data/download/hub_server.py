"""A small hub on loopback that answers what the SDKs of ModelScope and Hugging Face ask.

The addresses and the shapes of the answers are those that modelscope-hub 0.5 and huggingface_hub 1.x read:

    ModelScope     /api/v1/datasets/ID/repo/tree, /api/v1/models/ID/repo/files, /api/v1/KIND/ID/repo?FilePath=
    Hugging Face   /api/datasets/ID/tree/REVISION, /datasets/ID/resolve/REVISION/PATH; a model: /ID/...
"""

import contextlib
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Bytes from which Hugging Face keeps a file in large-file storage and states its sha256."""


@dataclass
class Fault:
    """What goes wrong with a file, so often: cut or held up after some bytes, damaged, a status."""

    cut_after: int | None = None
    hang_after: int | None = None
    damaged: bool = False
    status: int | None = None
    times: int = 1_000


@dataclass
class Hub:
    """The repositories, {("dataset", id): {path: content}}, what goes wrong, and every request that came."""

    repos: dict[tuple[str, str], dict[str, bytes]]
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    status: int | None = None
    down_after_a_cut: bool = False
    url: str = ""
    hung: threading.Event = field(default_factory=threading.Event)

    def fault(self, path: str) -> Fault:
        """Return what goes wrong with this answer, and count it."""
        fault = self.faults.get(path)
        if fault is None or fault.times < 1:
            return Fault()
        fault.times -= 1
        return fault

    def fetched(self) -> list[str]:
        """Return the paths of the files that were asked for, each time."""
        return [path for method, path, _ in self.asked if method == "GET"]

    def ranges(self, path: str) -> list[str]:
        """Return the Range of every request for a file, "" for the whole of it."""
        return [span for method, asked, span in self.asked if method == "GET" and asked == path]


class Server:
    """The server as a context: `with Server(repos) as hub`."""

    def __init__(self, repos: dict[tuple[str, str], dict[str, bytes]]) -> None:
        self.hub = Hub(repos)
        handler = type("Handler", (Answers,), {"hub": self.hub})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.hub.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Hub:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self.hub

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Answers(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_HEAD(self) -> None:
        """Answer like GET, without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer a listing or a file of either hub."""
        address = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        path = unquote(address.path)
        if self.hub.status:
            return self._json({"Code": self.hub.status, "Message": "as the test says"}, self.hub.status)
        if found := re.fullmatch(r"/api/v1/(dataset|model)s/([^/]+/[^/]+)/repo(/tree|/files)?", path):
            return self._modelscope(found[1], found[2], bool(found[3]), query)
        if found := re.fullmatch(r"/api/(dataset|model)s/([^/]+/[^/]+)/tree/([^/]+).*", path):
            return self._hf_listing(found[1], found[2], found[3])
        if found := re.fullmatch(r"/api/(dataset|model)s/([^/]+/[^/]+)/revision/.*", path):
            return self._json({"id": found[2], "sha": COMMIT, "siblings": []})
        if found := re.fullmatch(r"(/datasets)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._hf_file("dataset" if found[1] else "model", found[2], found[4])
        return self._json({"Message": "no such page"}, 404)

    def _modelscope(self, kind: str, name: str, is_listing: bool, query: dict[str, str]) -> None:
        files = self.hub.repos.get((kind, name))
        if files is None or query.get("Revision") not in ("master", COMMIT):
            return self._json({"Code": 10010205001, "Message": f"Record not found: {name}"}, 404)
        if not is_listing:
            return self._file(files, query["FilePath"], {})
        entries = [
            {"Path": path, "Name": path, "Size": len(body), "Type": "blob", "Sha256": sha256(body)}
            for path, body in files.items()
        ]
        folders = sorted({path.rpartition("/")[0] for path in files} - {""})
        entries += [{"Path": one, "Name": one, "Size": 0, "Type": "tree", "Sha256": ""} for one in folders]
        return self._json({"Code": 200, "Success": True, "Data": {"Files": entries}})

    def _hf_listing(self, kind: str, name: str, revision: str) -> None:
        files = self.hub.repos.get((kind, name))
        if files is None:
            return self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        if revision not in ("main", COMMIT):
            gone = {"X-Error-Code": "RevisionNotFound"}
            return self._json({"error": f"Invalid rev id: {revision}"}, 404, gone)
        return self._json([_hf_entry(path, body) for path, body in files.items()])

    def _hf_file(self, kind: str, name: str, path: str) -> None:
        files = self.hub.repos.get((kind, name), {})
        body = files.get(path, b"")
        etag = sha256(body) if len(body) >= LARGE else git_sha1(body)
        self._file(files, path, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'})

    def _file(self, files: dict[str, bytes], path: str, headers: dict[str, str]) -> None:
        """Send a file, or the range of it that is asked for, with what goes wrong with it."""
        span = self.headers.get("Range", "")
        self.hub.asked.append((self.command, path, span))
        if path not in files:
            return self._json({"Message": "no such file"}, 404, {"X-Error-Code": "EntryNotFound"})
        fault = self.hub.fault(path) if self.command == "GET" else Fault()
        if fault.status:
            return self._json({"Message": "as the test says"}, fault.status)
        body = files[path]
        if fault.damaged:
            body = bytes([body[0] ^ 1]) + body[1:]
        start = int(span.removeprefix("bytes=").partition("-")[0] or 0) if span else 0
        self.send_response(206 if span else 200)
        for key, value in headers.items():
            self.send_header(key, value)
        if span:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        rest = body[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.command == "HEAD":
            return
        with contextlib.suppress(ConnectionError):
            self._send(rest, fault)

    def _send(self, rest: bytes, fault: Fault) -> None:
        if fault.hang_after is not None:
            self.wfile.write(rest[: fault.hang_after])
            self.hub.hung.set()
            self.connection.recv(1)
        elif fault.cut_after is not None:
            self.wfile.write(rest[: fault.cut_after])
            self.hub.status = 503 if self.hub.down_after_a_cut else None
        else:
            self.wfile.write(rest)
            return
        self.close_connection = True

    def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for key, text in (headers or {}).items():
            self.send_header(key, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def sha256(body: bytes) -> str:
    """Return the sum that both hubs state of a file."""
    return hashlib.sha256(body).hexdigest()


def git_sha1(body: bytes) -> str:
    """Return git's id of a blob."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


def _hf_entry(path: str, body: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(body), "oid": git_sha1(body)}
    if len(body) >= LARGE:
        entry["lfs"] = {"oid": sha256(body), "size": len(body), "pointerSize": 134}
    return entry
