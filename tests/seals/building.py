"""Small programs of members with journals and a seal over them, all in memory."""

from dataclasses import dataclass
from typing import Final

from members.account import GENESIS_HASH
from members.chain import content_digest, entry_hash
from members.journal import Draft, Entry, EntryBalance
from members.slots import SLOTS, slot_of
from seals.heads import Head, HeadsDigest, hash_of_slot, in_order
from seals.merkle import tree_root
from seals.receipt import Receipt, build_receipt
from seals.signing import Signer
from seals.statement import FIRST_PREVIOUS_ROOT, Statement, statement_text

PROGRAM: Final = "demo"
SIGNER: Final = Signer.from_seed(bytes(range(32)))
NOON_US: Final = 1_764_590_400_000_000


def journal_of(member_id: str, entries: int, program_id: str = PROGRAM) -> list[Entry]:
    """A member's chained journal; each entry earns as many points as its number."""
    journal: list[Entry] = []
    for seq in range(1, entries + 1):
        draft = Draft(
            "order_settled",
            f"r{seq}",
            bytes([seq % 256]) * 16,
            f"o{seq}",
            (),
            1,
            NOON_US + seq,
            NOON_US + seq,
        )
        changes = b'[{"change":"earned","rule_id":"base","points":%d}]' % seq
        balance = EntryBalance(seq * (seq + 1) // 2, 0, 0, 0, 0, 0)
        previous = journal[-1].hash if journal else GENESIS_HASH
        hash_ = entry_hash(previous, program_id, member_id, seq, draft, balance, False, changes)
        journal.append(
            Entry(
                program_id,
                member_id,
                seq,
                draft.kind,
                draft.request_id,
                draft.digest,
                draft.order_id,
                changes,
                balance,
                draft.program_version,
                draft.effective_us,
                draft.recorded_us,
                False,
                hash_,
            )
        )
    return journal


@dataclass
class Sealed:
    """Journals by member, and a seal over all of them."""

    journals: dict[str, list[Entry]]
    signer: Signer = SIGNER
    program_id: str = PROGRAM

    def heads(self, slot: int) -> list[Head]:
        """The heads of a slot, in order."""
        return in_order(
            Head(member_id, journal[-1].seq, journal[-1].hash)
            for member_id, journal in self.journals.items()
            if slot_of(self.program_id, member_id) == slot
        )

    def slot_hashes(self) -> list[bytes]:
        """The hashes of all slots."""
        return [hash_of_slot(slot, self.heads(slot)) for slot in range(SLOTS)]

    def statement(self) -> str:
        """The statement over all journals."""
        digest = HeadsDigest()
        for slot in range(SLOTS):
            digest.add(self.heads(slot))
        return statement_text(
            Statement(
                self.program_id,
                1,
                tree_root(self.slot_hashes()),
                FIRST_PREVIOUS_ROOT,
                digest.digest(),
                len(self.journals),
                sum(len(journal) for journal in self.journals.values()),
                NOON_US,
                self.signer.public_key,
            )
        )

    def receipt(self, member_id: str, seq: int) -> Receipt:
        """The receipt of an entry."""
        journal, statement = self.journals[member_id], self.statement()
        return build_receipt(
            journal[seq - 1],
            journal[seq - 2].hash if seq > 1 else GENESIS_HASH,
            [content_digest(entry) for entry in journal[seq:]],
            self.heads(slot_of(self.program_id, member_id)),
            self.slot_hashes(),
            statement,
            self.signer.sign(statement),
        )


def members_of_slot(slot: int, count: int) -> list[str]:
    """That many member ids that live in one slot."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        member_id = f"m{number}"
        if slot_of(PROGRAM, member_id) == slot:
            found.append(member_id)
        number += 1
    return found
