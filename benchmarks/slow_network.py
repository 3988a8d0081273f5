"""A network that takes its time: passes bytes on to a port, each way after a delay."""

import asyncio
import contextlib
import sys
from functools import partial

from benchmarks.processes import HOST

CHUNK_BYTES = 65536


async def serve(port: int, to_port: int, delay_s: float) -> None:
    server = await asyncio.start_server(partial(_connect, to_port, delay_s), HOST, port)
    async with server:
        await server.serve_forever()


async def _connect(
    to_port: int,
    delay_s: float,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    with contextlib.suppress(OSError):
        far_reader, far_writer = await asyncio.open_connection(HOST, to_port)
        await asyncio.gather(
            _pass_on(reader, far_writer, delay_s), _pass_on(far_reader, writer, delay_s)
        )


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float
) -> None:
    """Each piece leaves one delay after it came, however many are on the way."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(CHUNK_BYTES):
        loop.call_later(delay_s, writer.write, data)
    loop.call_later(delay_s, writer.close)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
