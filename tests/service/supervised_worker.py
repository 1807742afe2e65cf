"""A worker that shares the port, greets every connection with its process id, and answers one line."""

import asyncio
import os
import signal
import sys

from service.lifeline import Lifeline


async def serve(lifeline: Lifeline) -> None:
    open_calls: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_calls.add(task)
        writer.write(f"{os.getpid()}\n".encode())
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        open_calls.discard(task)

    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    address = lifeline.handover.settings.listen_address
    server = await asyncio.start_server(answer, address.host, address.port, reuse_port=True)
    sys.stdout.write("what a worker prints does not confuse the supervisor\n")
    sys.stdout.flush()
    lifeline.report_ready()
    await asked_to_stop.wait()
    server.close()
    while open_calls:
        await asyncio.wait(open_calls)


if __name__ == "__main__":
    attached = Lifeline.attach()
    assert not any(name.startswith("LOYALTY_") for name in os.environ)
    if os.environ.get("SUPERVISED_WORKER") == "dies":
        sys.exit(3)
    if os.environ.get("SUPERVISED_WORKER") == "ignores SIGTERM":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        attached.report_ready()
        while True:
            signal.pause()
    asyncio.run(serve(attached))
