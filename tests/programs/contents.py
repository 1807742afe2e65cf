"""Documents for the tests: a small valid one, and the same with one thing changed."""

import json
from typing import Final

Step = str | int

VALID: Final = """\
{
  "schema_version": 1,
  "program_id": "demo",
  "currency_code": "GBP",
  "time_zone": "Europe/London",
  "display_names": {"en": "Demo"},
  "enrolment": {"open": true},
  "earning": {
    "rules": [{"id": "base", "kind": "per_amount", "points": 1, "per_amount_minor": 100, "base": "paid"}]
  },
  "policies": {
    "expiry": {"kind": "days", "days": 365},
    "pending": {"kind": "days", "days": 14},
    "refunds": {"on_shortfall": "debt"}
  }
}
"""


def _fields_at(content: object, path: tuple[Step, ...]) -> dict[Step, object]:
    for step in path:
        if isinstance(step, int):
            assert isinstance(content, list)
            content = content[step]
        else:
            assert isinstance(content, dict)
            content = content[step]
    assert isinstance(content, dict)
    return content


def with_value(path: tuple[Step, ...], value: object) -> str:
    """The valid document with another value, or a new field, at a path."""
    content = json.loads(VALID)
    _fields_at(content, path[:-1])[path[-1]] = value
    return json.dumps(content, ensure_ascii=False, indent=2)


def without(path: tuple[Step, ...]) -> str:
    """The valid document without the field at a path."""
    content = json.loads(VALID)
    del _fields_at(content, path[:-1])[path[-1]]
    return json.dumps(content, ensure_ascii=False, indent=2)
