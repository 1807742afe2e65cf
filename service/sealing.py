"""The periodic sealing: every program with something new gets a seal, and each seal a file.

Before a program is sealed, the newest file of its seals is compared with the database. Whoever could take
seals out of it, or put it back to an older state, would else be given a new signature over what it is now.
"""

from logging import ERROR
from pathlib import Path
from typing import Final

import structlog

from seals.export import encode_export
from seals.signing import Signer, fingerprint
from seals.statement import StatementInvalidError
from service.seal_files import SealDirectory
from service.seal_keys import load_seal_keys
from service.settings import Settings
from store.database import Database
from store.sealing import PROGRAMS_A_PAGE, make_seal, programs_after
from store.seals import seals_above, seals_below

SEALS_A_PAGE: Final = 100

log = structlog.get_logger()


class SealsRewoundError(Exception):
    """The seals in the database are not those that were exported: they were changed, or it was put back."""


def load_signer(settings: Settings) -> Signer | None:
    """The signer of the settings; None where nothing is sealed, which is logged. Raises SealKeyError."""
    signer = load_seal_keys(settings).signer
    if signer is None:
        log.warning(
            "nothing is sealed: there is no private key",
            setting="LOYALTY_SEAL_KEY_FILE",
            file=str(settings.seal_key_path or ""),
        )
        return None
    log.info("seals are signed", key=fingerprint(signer.public_key))
    return signer


async def seal_programs(database: Database, signer: Signer, export_dir: Path | None) -> int:
    """Seal every program that has something new; answers how many were sealed.

    Any number of processes may do so side by side. A program whose seals are not as they were exported is
    left out, and the log says so. Raises StoreUnavailableError.
    """
    files = _listed(export_dir)
    made = 0
    program_id = ""
    while True:
        page = await programs_after(database, program_id)
        for program_id in page:
            made += await _seal_program(database, program_id, signer, files)
        if len(page) < PROGRAMS_A_PAGE:
            return made


def _listed(export_dir: Path | None) -> SealDirectory | None:
    """The directory, listed before the database is asked: files are written after it, so it has no less."""
    if export_dir is None:
        return None
    try:
        return SealDirectory(export_dir)
    except OSError as error:
        log.warning("seals are not exported", directory=str(export_dir), error=str(error))
        return None


async def _seal_program(
    database: Database, program_id: str, signer: Signer, files: SealDirectory | None
) -> int:
    try:
        if files is not None:
            await _check_exported(database, program_id, files)
        signed = await make_seal(database, program_id, signer)
    except (SealsRewoundError, StatementInvalidError) as error:
        log.log(ERROR, "program not sealed: its seals were changed", program_id=program_id, error=str(error))
        return 0
    if signed is not None:
        statement = signed.read()
        log.info(
            "sealed",
            program_id=program_id,
            number=statement.number,
            members=statement.members,
            entries=statement.entries,
            root=statement.root.hex(),
        )
    if files is not None:
        await _export(database, program_id, files)
    return 0 if signed is None else 1


async def _check_exported(database: Database, program_id: str, files: SealDirectory) -> None:
    """Raises SealsRewoundError where the database has not the seal of the newest file."""
    newest = files.newest(program_id)
    if newest == 0:
        return
    found = await seals_below(database, program_id, newest + 1, 1)
    if not found or found[0].read().number != newest:
        raise SealsRewoundError(f"seal {newest} was exported, and is not in the database")
    try:
        exported = files.content(program_id, newest)
    except OSError as error:
        log.warning("an exported seal cannot be read", program_id=program_id, number=newest, error=str(error))
        return
    if encode_export(*found[0]) != exported:
        raise SealsRewoundError(f"seal {newest} in the database is not the one that was exported")


async def _export(database: Database, program_id: str, files: SealDirectory) -> None:
    """Write every seal that is newer than the newest file. What cannot be written now is next time."""
    number = files.newest(program_id)
    while True:
        page = await seals_above(database, program_id, number, SEALS_A_PAGE)
        for signed in page:
            number += 1
            try:
                files.write(program_id, number, encode_export(*signed))
            except OSError as error:
                log.warning("a seal is not exported", program_id=program_id, number=number, error=str(error))
                return
        if len(page) < SEALS_A_PAGE:
            return
