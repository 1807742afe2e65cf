"""Settings: defaults, limits that are named, and the way to another process, whole and unseen."""

from pathlib import Path

import pytest

from service.lifeline import Handover
from service.settings import ListenAddress, Settings, SettingsError, StoreUrls


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LOYALTY_{name.upper()}", raising=False)


def problems(**overrides: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        Settings.load(overrides)
    return raised.value.problems


def test_every_setting_has_a_default_and_a_description() -> None:
    settings = Settings.load()

    assert settings.listen == "127.0.0.1:50051"
    assert 1 <= settings.workers <= 64
    assert settings.data_dir == Path.cwd() / ".loyalty"
    assert settings.embeds_postgres
    assert settings.embeds_redis
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_environment_is_read_and_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_WORKERS", "3")
    monkeypatch.setenv("LOYALTY_LANES", "2")
    monkeypatch.setenv("LOYALTY_LOG_LEVEL", "")

    settings = Settings.load({"lanes": 4, "workers": None})

    assert (settings.workers, settings.lanes, settings.log_level) == (3, 4, "info")


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"workers": 0}, "LOYALTY_WORKERS=0: must be greater than or equal to 1"),
        ({"workers": 65}, "LOYALTY_WORKERS=65: must be less than or equal to 64"),
        ({"workers": "many"}, "LOYALTY_WORKERS=many: must be a valid integer"),
        ({"log_format": "xml"}, "LOYALTY_LOG_FORMAT=xml: must be 'auto', 'json' or 'console'"),
        ({"message_bytes_max": 1}, "LOYALTY_MESSAGE_BYTES_MAX=1: must be greater than or equal to 1048576"),
        ({"listen": "50051"}, "LOYALTY_LISTEN=50051: must be host:port, such as 127.0.0.1:50051"),
        (
            {"listen": "::1:50051"},
            "LOYALTY_LISTEN=::1:50051: must be host:port, with an IPv6 address in brackets",
        ),
        (
            {"listen": "localhost:70000"},
            "LOYALTY_LISTEN=localhost:70000: must be host:port with a port of 0 to",
        ),
        (
            {"lane_batch_max": 500, "lane_queue_max": 100},
            "LOYALTY_LANE_BATCH_MAX must not be more than LOYALTY_",
        ),
        (
            {"request_deadline_seconds_default": 90},
            "LOYALTY_REQUEST_DEADLINE_SECONDS_DEFAULT must not be more than",
        ),
        ({"wrokers": 1}, "LOYALTY_WROKERS: there is no such setting"),
    ],
)
def test_a_bad_setting_is_named_with_its_limit(overrides: dict[str, object], problem: str) -> None:
    (found,) = problems(**overrides)

    assert problem in found


def test_all_bad_settings_are_named_at_once() -> None:
    assert len(problems(workers=0, lanes=0)) == 2


@pytest.mark.parametrize("name", ["database_url", "redis_url"])
def test_a_bad_url_is_named_but_not_shown(name: str) -> None:
    (found,) = problems(**{name: "mysql://user:hunter2@host/db"})

    assert found.startswith(f"LOYALTY_{name.upper()}: must start with")
    assert "hunter2" not in found


@pytest.mark.parametrize("listen", ["0.0.0.0:50051", "[::]:50051", "example.org:50051", "192.0.2.1:1"])
def test_listening_for_other_machines_is_refused_without_authentication(listen: str) -> None:
    (found,) = problems(listen=listen)

    assert "LOYALTY_LISTEN" in found
    assert "no authentication" in found
    assert "LOYALTY_INSECURE_LISTEN=true" in found
    assert listen == Settings.load({"listen": listen, "insecure_listen": True}).listen


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.1.2.3:50051", "[::1]:50051", "localhost:50051"])
def test_loopback_needs_no_permission(listen: str) -> None:
    assert listen == str(Settings.load({"listen": listen}).listen_address)


@pytest.mark.parametrize(
    ("jobs", "database_url", "runs"),
    [
        ("auto", None, True),
        ("auto", "postgresql://h/d", False),
        ("on", "postgresql://h/d", True),
        ("off", None, False),
    ],
)
def test_background_jobs_run_on_a_private_database_unless_told_otherwise(
    jobs: str, database_url: str | None, runs: bool
) -> None:
    settings = Settings.load({"background_jobs": jobs, "database_url": database_url})
    assert settings.runs_background_jobs is runs


def test_an_ipv6_address_loses_its_brackets_for_the_socket() -> None:
    assert ListenAddress("::1", 50051) == ListenAddress.parse("[::1]:50051")


@pytest.mark.parametrize("scheme", ["postgres://", "postgresql://", "postgresql+asyncpg://"])
def test_a_database_url_gets_the_driver_of_this_service(scheme: str) -> None:
    url = Settings.load({"database_url": f"{scheme}u:p@h/d"}).database_url

    assert url is not None
    assert url.get_secret_value() == "postgresql+asyncpg://u:p@h/d"


def test_a_worker_gets_the_same_settings_whatever_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(
        {"redis_url": "redis://:hunter2@h", "drain_seconds_max": 1.5, "listen": "[::1]:7"}
    )
    handover = Handover(settings, StoreUrls("postgresql+asyncpg://u:hunter2@h/d", None), 3)
    monkeypatch.setenv("LOYALTY_DATABASE_URL", "postgresql://elsewhere/d")
    monkeypatch.setenv("LOYALTY_WORKERS", "nonsense")

    assert handover == Handover.from_line(handover.to_line())


def test_no_secret_in_what_is_printed() -> None:
    settings = Settings.load(
        {"database_url": "postgresql://u:hunter2@h/d", "redis_url": "redis://:hunter2@h"}
    )
    handover = Handover(settings, StoreUrls("postgresql+asyncpg://u:hunter2@h/d", "redis://:hunter2@h"), 0)

    assert "hunter2" not in f"{settings!r} {settings} {handover!r} {settings.model_dump_json()}"


@pytest.mark.parametrize("name", ["redis_url", "database_url"])
def test_a_password_that_breaks_its_url_is_not_shown(name: str) -> None:
    """The error names the setting and what to do, and no part of the password."""
    scheme = "redis" if name == "redis_url" else "postgresql"
    with pytest.raises(SettingsError) as refused:
        Settings.load({name: f"{scheme}://user:secr/et@host/0"})
    assert f"LOYALTY_{name.upper()}" in str(refused.value)
    assert "%2F" in str(refused.value)
    assert "secr" not in str(refused.value)
