"""Log entries: one JSON line each, of libraries too, without secrets, and never a reason to fail."""

import json
import logging
import os
import subprocess
import sys

import pytest
import structlog

from service.logging import configure_logging


def entries(capture: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capture.readouterr().err.splitlines()]


def test_secrets_are_hidden_wherever_they_come_from(capsys: pytest.CaptureFixture[str]) -> None:
    hidden = "hunter2"
    configure_logging("info", "json", worker=3)
    structlog.get_logger().info("to postgresql://u:hunter2@h/d", api_token=hidden, redis="redis://:hunter2@h")
    try:
        int("postgresql://u:hunter2@h/d")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed at %s", "redis://:hunter2@h")

    text = capsys.readouterr().err
    assert "hunter2" not in text
    assert [(entry["level"], entry["worker"]) for entry in map(json.loads, text.splitlines())] == [
        ("info", 3),
        ("error", 3),
        ("error", 3),
    ]


def test_entries_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud", count=1)

    (entry,) = entries(capsys)
    assert (entry["event"], entry["count"]) == ("loud", 1)


def test_a_closed_stderr_does_not_stop_the_program() -> None:
    program = (
        "import structlog; from service.logging import configure_logging; configure_logging();"
        "structlog.get_logger().info('nobody reads this'); print('went on')"
    )
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], stderr=writing, stdout=subprocess.PIPE, check=False, timeout=60
        )
    finally:
        os.close(writing)

    assert done.stdout == b"went on\n"
