"""A slow link: `python relay.py PORT TO_PORT DELAY_S` carries every byte, either way, that much later."""

import asyncio
import sys
from contextlib import suppress


async def carry(reader, writer, delay):
    """Read on while what was read waits, so that the link is slow and not narrow."""
    under_way = asyncio.Queue()

    async def deliver():
        loop = asyncio.get_running_loop()
        while True:
            due, data = await under_way.get()
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
        under_way.put_nowait((asyncio.get_running_loop().time() + delay, data))
    await delivery


async def main(port, to_port, delay):
    async def relay(reader, writer):
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
            await asyncio.gather(carry(reader, far_writer, delay), carry(far_reader, writer, delay))
        writer.close()

    async with await asyncio.start_server(relay, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
