"""Putting right what Redis holds after a worker was killed before it could."""

from typing import Final

from service.jobs.runner import Job, Step
from store.reprojection import Reprojection

INTERVAL_SECONDS: Final = 0.5


def reprojection_job(reprojection: Reprojection) -> Job:
    """Follow the feed, and replace each balance in Redis that is older than the member's entries."""

    async def step() -> Step:
        page = await reprojection.step()
        return Step(page.replaced, more=page.entries > 0)

    return Job("reprojection", "balances", INTERVAL_SECONDS, step)
