"""The slot of a member, by the name the store knows it under: see members/slots.py."""

from members.slots import SLOTS, slot_of

__all__ = ["SLOTS", "slot_of"]
