"""A slow link: `python relay.py PORT TO_PORT DELAY_S` forwards every byte, in both directions, after a delay."""

import asyncio
import sys
from contextlib import suppress


async def forward(reader, writer, delay):
    """Keep reading while earlier data waits: the link has a delay, but no limit of throughput."""
    in_transit = asyncio.Queue()

    async def deliver():
        loop = asyncio.get_running_loop()
        while True:
            due, data = await in_transit.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
        writer.close()

    delivery = asyncio.create_task(deliver())
    data = b"x"
    while data:
        try:
            data = await reader.read(65536)
        except OSError:
            data = b""
        in_transit.put_nowait((asyncio.get_running_loop().time() + delay, data))
    await delivery


async def main(port, to_port, delay):
    async def relay(reader, writer):
        with suppress(OSError):
            peer_reader, peer_writer = await asyncio.open_connection("127.0.0.1", to_port)
            await asyncio.gather(forward(reader, peer_writer, delay), forward(peer_reader, writer, delay))
        writer.close()

    async with await asyncio.start_server(relay, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
