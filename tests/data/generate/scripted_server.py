"""A server of models that says what a script says: by body and number of the try, whole, late, cut or wrong.

python -m tests.data.generate.scripted_server 20        # a process of its own, 20 ms a reply, for the bench
"""

import asyncio
import json
import re
import sys
import threading
from collections import Counter
from typing import NamedTuple


class Scripted(NamedTuple):
    """Bytes to write after `delay` seconds, and whether the connection is closed then."""

    raw: bytes
    delay: float = 0.0
    closes: bool = False


def http(status: int, body: bytes | str | dict, headers: str = "", length: int | None = None) -> bytes:
    """Return a response; `length` is what Content-Length says, where it lies."""
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    kind = "" if "Content-Type" in headers else "Content-Type: application/json\r\n"
    head = f"HTTP/1.1 {status} X\r\n{kind}{headers}Content-Length: {length or len(content)}\r\n\r\n"
    return head.encode() + content


def event_stream(lines: str) -> bytes:
    """Return a response of server-sent events."""
    return http(200, lines, "Content-Type: text/event-stream\r\n")


def chunked(response: bytes, share: float, size: int = 7) -> bytes:
    """Return a share of a response in chunks of so many bytes, without the last one unless it is whole."""
    head, _, body = response.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    part = body[: int(len(body) * share)]
    pieces = [part[place : place + size] for place in range(0, len(part), size)]
    end = b"0\r\n\r\n" if share == 1 else b""
    return head + b"\r\n\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def chat(content: str | None, finish: str = "stop", **message: object) -> bytes:
    """Return a whole reply of a chat."""
    choice = {"message": {"role": "assistant", "content": content} | message, "finish_reason": finish}
    usage = {"prompt_tokens": 10, "completion_tokens": 20}
    return http(200, {"model": "m", "choices": [choice], "usage": usage})


def stream(content: str, finish: str | None = "stop", done: bool = True, **delta: str) -> bytes:
    """Return a reply in events; without `finish` it breaks off."""
    events: list[dict] = [{"choices": [{"delta": {"role": "assistant"}}]}]
    events += [{"choices": [{"delta": {name: text}}]} for name, text in delta.items()]
    half = len(content) // 2
    events += [{"choices": [{"delta": {"content": part}}]} for part in (content[:half], content[half:])]
    if finish:
        events.append({"choices": [{"delta": {}, "finish_reason": finish}]})
        events.append({"choices": [], "model": "m", "usage": {"prompt_tokens": 10, "completion_tokens": 20}})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"] * done
    return event_stream("".join(lines))


WHOLE = stream("yes", reasoning="because")


def question_of(body: dict) -> str:
    """Return the last message of a request."""
    return body["messages"][-1]["content"] if "messages" in body else body["prompt"]


class ScriptedServer:
    """Answers by `script(body, number of the try)`; `sent` counts by question, `bodies` keeps the order."""

    def __init__(self, script=None, owner: str = "vllm") -> None:
        self.script = script or (lambda body, tries: Scripted(stream(f"answer to {question_of(body)}")))
        self.owner = owner
        self.bodies: list[dict] = []
        self.heads: list[str] = []
        self.sent: Counter[str] = Counter()
        self.most = self._active = 0

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.serve(started))
        self._loop.close()

    async def serve(self, started=None):
        self._ended = asyncio.Event()
        self._writers = set()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=1 << 24, backlog=512)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set() if started else print(self.url, flush=True)
        await self._ended.wait()
        server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _talk(self, reader, writer):
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._answer(head.decode(), reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, head, reader, writer):
        if head.startswith("GET"):
            writer.write(http(200, {"data": [{"id": "m", "owned_by": self.owner}]}))
            return True
        length = int(head.lower().partition("content-length:")[2].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.bodies.append(body)
        self.heads.append(head)
        question = question_of(body)
        self.sent[question] += 1
        self._active += 1
        self.most = max(self.most, self._active)
        reply = self.script(body, self.sent[question])
        await asyncio.sleep(reply.delay)
        self._active -= 1
        writer.write(reply.raw)
        await writer.drain()
        return not reply.closes


if __name__ == "__main__":
    late, whole = int(sys.argv[1]) / 1000, stream("The answer is 42.", reasoning="Six times seven.")
    quick = ScriptedServer(lambda body, tries: Scripted(whole, late))
    asyncio.run(quick.serve())
