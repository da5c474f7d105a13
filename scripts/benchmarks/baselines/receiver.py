"""A subscriber's endpoint that does nothing: it answers 204, and writes down what came and when."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import msgspec

_HEAD_END = b"\r\n\r\n"
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Cause(msgspec.Struct):
    event: str


class _Data(msgspec.Struct):
    id: str
    cause: _Cause


class _Body(msgspec.Struct):
    data: _Data


class _Receiver(asyncio.Protocol):
    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head, start = self._buffer[:end].lower(), end + len(_HEAD_END)
            length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or b"0")
            if len(self._buffer) < start + length:
                return
            body = self._buffer[start : start + length]
            self._buffer = self._buffer[start + length :]
            # Whoever looks whether it has started sends none.
            if body:
                sent = msgspec.json.decode(body, type=_Body).data
                self._file.write(f"{time.time():.6f} {sent.id} {sent.cause.event}\n")
                self._file.flush()
            assert self._transport is not None
            self._transport.write(_ANSWER)


async def _serve(port: int, path: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Receiver(path), "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
