"""How many histories the laws are tried on: LOYALTY_LAW_HISTORIES for a long run, else a repeatable few.

LOYALTY_LAW_SHRINK=0 takes the first history that fails, for who only wants to know that one does.
"""

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings

_ASKED: Final = os.environ.get("LOYALTY_LAW_HISTORIES", "")
_SHRINKS: Final = os.environ.get("LOYALTY_LAW_SHRINK", "1") != "0"


def law(histories: int) -> settings:
    """The settings of a law: the same histories every time, unless a number of others is asked for."""
    return settings(
        max_examples=int(_ASKED) if _ASKED else histories,
        derandomize=not _ASKED,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if _SHRINKS else [Phase.generate],
    )
