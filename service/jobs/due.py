"""Booking what fell due: pending points posted, holds timed out, lots expired."""

from typing import Final

from service.jobs.runner import Job, Step
from store.due_booking import DueBooking

INTERVAL_SECONDS: Final = 1.0


def due_job(booking: DueBooking) -> Job:
    """Look every second for members to whom time has done something, and write down what it did."""

    async def step() -> Step:
        booked = await booking.step()
        return Step(booked.entries, more=bool(booked.accounts))

    return Job("due", "entries", INTERVAL_SECONDS, step)
