"""Seals as an operator and an outsider meet them: from a running service to a file that proves an entry."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import grpc
import pytest
from loyalty.client import LoyaltyClient
from loyalty.v1 import points_service_pb2 as messages

from seals.export import read_export
from seals.receipt import check_receipt, decode_receipt
from seals.signing import Signer, fingerprint
from service.seal_keys import load_seal_keys
from service.sealing import seal_programs
from service.settings import Settings
from store.database import Database, as_asyncpg_url
from tests.end_to_end.calls import SECONDS_MAX, folder, order_of, refused, settle, settle_of, verified
from tests.running_service import RunningService, run_loyalty, running_service
from tests.stores import clone_template, drop_database

MEMBERS: Final = ("17850", "17851", "会员 3")
NOWHERE: Final = "127.0.0.1:1"
FORGET: Final = (
    "DELETE FROM journal WHERE program_id = $1 AND member_id = $2",
    "DELETE FROM account WHERE program_id = $1 AND member_id = $2",
    "DELETE FROM identity WHERE program_id = $1 AND member_id = $2",
    "DELETE FROM settled_order WHERE program_id = $1 AND member_id = $2",
)


@dataclass
class Sealing:
    """A service with a key file, and its database."""

    service: RunningService
    database_url: str
    folder: Path
    signer: Signer

    def seal(self) -> int:
        """What the background process does at each interval."""

        async def run() -> int:
            database = Database(self.database_url)
            try:
                return await seal_programs(database, self.signer, None)
            finally:
                await database.close()

        return asyncio.run(run())

    def forget(self, program_id: str, member_id: str) -> None:
        """Delete a member's rows as someone with psql would."""

        async def run() -> None:
            url = as_asyncpg_url(self.database_url).set(drivername="postgresql")
            connection = await asyncpg.connect(url.render_as_string(hide_password=False))
            for statement in FORGET:
                await connection.execute(statement, program_id, member_id)
            await connection.close()

        asyncio.run(run())

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of the command line against the service."""
        return run_loyalty(*arguments, address=self.service.address)


@pytest.fixture(scope="module")
def sealing(store_urls: tuple[str, str]) -> Iterator[Sealing]:
    """A service on a database of its own, which nobody but the test seals."""
    url = asyncio.run(clone_template(store_urls[0]))
    with folder() as files:
        # The service makes the file of a private store: so a key for this one is made.
        made = load_seal_keys(Settings.load({"data_dir": files / "made"}))
        assert made.signer is not None
        key_file = files / "made" / "seal-key.pem"
        settings = {"LOYALTY_SEAL_KEY_FILE": str(key_file), "LOYALTY_BACKGROUND_JOBS": "off"}
        with running_service(
            database_url=url, redis_url=store_urls[1], workers=1, settings=settings
        ) as service:
            yield Sealing(service, url, files, made.signer)
    asyncio.run(drop_database(url))


@pytest.fixture
def program(sealing: Sealing, request: pytest.FixtureRequest) -> str:
    """A program of this test's own, with two entries of each member under a seal and one that is not."""
    program_id = sealing.service.apply_program(request.node.nodeid)
    with LoyaltyClient(sealing.service.address, channels=1) as client:
        for number in range(1, 4):
            for member_id in MEMBERS:
                settle(client, settle_of(program_id, member_id, order_of(f"A{number}")))
            if number == 2:
                sealing.seal()
    return program_id


def test_a_receipt_proves_an_entry_to_who_has_nothing_but_the_file_and_the_key(
    sealing: Sealing, program: str
) -> None:
    key, file, member_id = sealing.signer.public_key.hex(), sealing.folder / "receipt.json", MEMBERS[-1]
    done = sealing.run("receipt", member_id, "2", "--program", program, "--out", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    for option in ((), ("--public-key", str(sealing.folder / "made" / "seal-key.pem"))):
        checked = run_loyalty("verify-receipt", str(file), *option, address=NOWHERE)
        assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
        assert fingerprint(sealing.signer.public_key) in checked.stdout
        assert ("Compare its fingerprint" in checked.stdout) == (not option)
    outcome = json.loads(run_loyalty("verify-receipt", str(file), "--public-key", key, "--json").stdout)
    assert (outcome["proven"], outcome["key_trusted"], outcome["problems"]) == (True, True, [])
    assert (outcome["member_id"], outcome["seq"], outcome["fields"][3]) == (member_id, 2, 2)


def test_a_receipt_that_was_changed_is_refused(sealing: Sealing, program: str) -> None:
    content = sealing.run("receipt", "17850", "1", "--program", program).stdout
    file = sealing.folder / "changed.json"
    file.write_text(content.replace("A1", "A9"), encoding="utf-8")
    done = run_loyalty("verify-receipt", str(file), address=NOWHERE)

    assert content.count("A1") > 0
    assert (done.returncode, "not what was written" in done.stderr) == (1, True), done.stderr


def test_what_has_no_receipt_is_told_apart(sealing: Sealing, program: str) -> None:
    with LoyaltyClient(sealing.service.address, channels=1, retry=False) as client:

        def receipt(program_id: str, member_id: str, seq: int) -> messages.GetReceiptResponse:
            request = messages.GetReceiptRequest(program_id=program_id, member_id=member_id, seq=seq)
            return client.points.GetReceipt(request, timeout=SECONDS_MAX)

        content = receipt(program, "17850", 2).receipt.encode()
        assert check_receipt(decode_receipt(content), sealing.signer.public_key) == []
        unsealed = refused(lambda: receipt(program, "17850", 3))
        assert (unsealed.code, unsealed.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_SEALED_YET")
        assert unsealed.metadata == {"seq": "3", "sealed_seq": "2"}
        assert refused(lambda: receipt(program, "17850", 4)).reason == "ENTRY_NOT_FOUND"
        assert refused(lambda: receipt(program, "nobody", 1)).reason == "ENTRY_NOT_FOUND"
        assert refused(lambda: receipt("none", "17850", 1)).reason == "PROGRAM_NOT_FOUND"


def test_seals_are_listed_page_by_page_and_exported(sealing: Sealing, program: str) -> None:
    assert sealing.seal() == 1
    with LoyaltyClient(sealing.service.address, channels=1, retry=False) as client:

        def page(token: str, program_id: str = program) -> messages.ListSealsResponse:
            request = messages.ListSealsRequest(program_id=program_id, page_size=1, page_token=token)
            return client.points.ListSeals(request, timeout=SECONDS_MAX)

        first = page("")
        second = page(first.next_page_token)
        assert [seal.number for seal in (*first.seals, *second.seals)] == [2, 1]
        assert (first.seals[0].entries, second.seals[0].entries) == (9, 6)
        assert first.seals[0].previous_root == second.seals[0].root
        assert second.next_page_token == ""
        assert refused(lambda: page("x")).reason == "INVALID_FIELD"
        assert refused(lambda: page("", "none")).reason == "PROGRAM_NOT_FOUND"
    shown = sealing.run("seals", "list", "--program", program)
    assert first.seals[0].root.hex()[:16] in shown.stdout
    assert sealing.signer.public_key.hex() in shown.stdout
    listed = json.loads(sealing.run("seals", "list", "--program", program, "--json", "--limit", "1").stdout)
    assert [seal["number"] for seal in listed["seals"]] == [2]

    to = sealing.folder / f"export-{program}"
    export = ("seals", "export", "--program", program, "--to", str(to), "--json")
    assert json.loads(sealing.run(*export).stdout) == {"written": 2, "kept": 0, "directory": str(to)}
    assert json.loads(sealing.run(*export).stdout) == {"written": 0, "kept": 2, "directory": str(to)}
    files = sorted(to.iterdir())
    assert [read_export(file.read_bytes()).number for file in files] == [1, 2]
    files[0].write_bytes(b"{}")
    again = sealing.run(*export)
    assert (again.returncode, "was another" in again.stderr) == (1, True)


def test_the_ledger_check_finds_a_history_that_was_rewritten_under_a_seal(
    sealing: Sealing, program: str
) -> None:
    """All of a member's rows are gone, as if they had never been: only the seal remembers."""
    with LoyaltyClient(sealing.service.address, channels=1) as client:
        assert list(verified(client, program).drifts) == []
        sealing.forget(program, "17851")
        checked = sealing.run("verify", "--program", program, "--json")
    assert checked.returncode == 1
    drifts = json.loads(checked.stdout)["drifts"]
    assert ("SEAL_BROKEN", "17851", 2) in {
        (drift["reason"], drift["member_id"], drift["seq"]) for drift in drifts
    }
    people = sealing.run("verify", "--program", program)
    assert (people.returncode, "SEAL_BROKEN" in people.stdout) == (1, True)
    refusal = sealing.run("receipt", "17851", "2", "--program", program)
    assert (refusal.returncode, "SEAL_BROKEN" in refusal.stderr) == (1, True)


def test_a_key_file_that_cannot_be_used_is_said_at_the_start(sealing: Sealing) -> None:
    environment = {"LOYALTY_DATABASE_URL": sealing.database_url, "LOYALTY_SEAL_KEY_FILE": "/none.pem"}
    done = run_loyalty("serve", "--listen", "127.0.0.1:0", **environment)

    assert (done.returncode, "LOYALTY_SEAL_KEY_FILE=/none.pem" in done.stderr) == (1, True), done.stderr
