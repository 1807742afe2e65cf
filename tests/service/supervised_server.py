"""A server whose workers are `supervised_worker`: the real supervisor, without the service."""

import asyncio
import json
import sys

from service.logging import configure_logging
from service.settings import Settings, StoreUrls
from service.supervisor import Running, supervise


async def prepare(urls: StoreUrls) -> None:
    sys.stderr.write(f"prepared with redis: {urls.redis_url is not None}\n")


def announce(running: Running) -> None:
    content = {
        "listen": str(running.listen),
        "workers": running.workers,
        "database": running.urls.database_url,
    }
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    settings = Settings.load()
    configure_logging(settings.log_level, settings.log_format)
    worker = "tests.service.supervised_worker"
    sys.exit(asyncio.run(supervise(settings, prepare=prepare, announce=announce, worker_module=worker)))
