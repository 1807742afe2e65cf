"""What a mutant is: one small change of the code that breaks one law."""

from typing import Final, NamedTuple

ANSWERS: Final = "tests/ledger_laws/test_domain_laws.py::test_every_answer_reader_and_book_is_the_models"
READERS: Final = (
    "tests/ledger_laws/test_domain_laws.py"
    "::test_readers_see_what_the_model_sees_at_every_instant_at_which_time_changes_something"
)
TRIALS: Final = (
    "tests/ledger_laws/test_domain_laws.py::test_a_trial_answers_as_the_command_would_and_changes_nothing"
)
REFUSALS: Final = "tests/ledger_laws/test_domain_laws.py::test_a_refusal_changes_nothing"
REPEATS: Final = (
    "tests/ledger_laws/test_domain_laws.py::test_whatever_was_carried_out_is_answered_the_same_for_ever"
)
WORKER: Final = "tests/ledger_laws/test_domain_laws.py::test_nothing_depends_on_when_the_worker_ran"
FOLD: Final = "tests/ledger_laws/test_journal_laws.py::test_folding_the_journal_gives_the_account"
NUMBERS: Final = "tests/ledger_laws/test_journal_laws.py::test_no_number_of_a_lot_is_used_twice"
BOTH_SIDES: Final = "tests/ledger_laws/test_journal_laws.py::test_both_sides_of_a_transfer_name_each_other"
PAID_BY: Final = "tests/ledger_laws/test_journal_laws.py::test_the_numbers_tell_which_credit_paid_which_spend"
PARTS: Final = "tests/ledger_laws/test_algebra.py::test_refunds_in_parts_add_up_to_the_whole"
TOLD: Final = "tests/ledger_laws/test_told_before.py"
STORE: Final = "tests/store/test_ledger_laws.py"
STORE_LAWS: Final = "tests/store/test_ledger_laws.py::test_the_store_keeps_the_laws"


class Mutant(NamedTuple):
    """`old` stands exactly once in `file`; with `new` for it the law is broken, and `tests` must fail."""

    name: str
    law: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = (ANSWERS,)
