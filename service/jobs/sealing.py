"""Sealing every program that has something new, from time to time."""

from pathlib import Path

from seals.signing import Signer
from service.jobs.runner import Job, Step
from service.sealing import seal_programs
from store.database import Database


def sealing_job(database: Database, signer: Signer, export_dir: Path | None, interval_seconds: int) -> Job:
    """Seal at the start, and then at every interval."""

    async def step() -> Step:
        return Step(await seal_programs(database, signer, export_dir), more=False)

    return Job("sealing", "seals", interval_seconds, step)
