"""Settings: read from flags, the environment and defaults by one table; what is wrong is said in one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.settings import SETTINGS, Settings, SettingsError, is_loopback, read_settings, shown, url_of, without_password

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operating.md"


def test_the_empty_environment_works() -> None:
    settings = read_settings({}, {})
    assert (settings.store, settings.kafka, settings.catalog, settings.url) == (
        "sqlite:///crossconnect.db",
        "",
        "sample",
        "http://127.0.0.1:8080",
    )
    assert settings.simulators == frozenset()


def test_a_flag_beats_the_environment_which_beats_the_verb_which_beats_the_table() -> None:
    environment = {"CROSSCONNECT_PORT": "1", "CROSSCONNECT_CATALOG": ""}
    settings = read_settings({"port": "2", "catalog": None}, environment, {"simulators": "all", "port": "3"})
    assert settings.port == 2
    assert settings.catalog == "sample"
    assert settings.simulators == {"all"}


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "65536", "CROSSCONNECT_PORT must be a port"),
        ("PORT", "-1", "CROSSCONNECT_PORT must be a port"),
        ("PORT", "²", "CROSSCONNECT_PORT must be a port"),
        ("HOST", "a b", "CROSSCONNECT_HOST must be a host name"),
        ("STORE", "sqlite://", "CROSSCONNECT_STORE must be sqlite:///PATH"),
        ("KAFKA", "broker", "CROSSCONNECT_KAFKA must be host:port"),
        ("KAFKA_OPTIONS", "[]", "CROSSCONNECT_KAFKA_OPTIONS must be a JSON object"),
        ("AUTH", "all", "CROSSCONNECT_AUTH must be none, none-anywhere or oidc"),
        ("AUTH", "oidc", "oidc is not built yet"),
        ("ANSWER_WITHIN", "0", "CROSSCONNECT_ANSWER_WITHIN must be a number of seconds above 0"),
        ("ANSWER_WITHIN", "nan", "CROSSCONNECT_ANSWER_WITHIN must be a number of seconds above 0"),
        ("SIMULATORS", "none,gpon", "CROSSCONNECT_SIMULATORS must be none, all, or names"),
        ("LOG_FORMAT", "xml", "CROSSCONNECT_LOG_FORMAT must be console, json or auto"),
    ],
)
def test_a_wrong_value_is_named_as_it_was_given(variable: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        read_settings({}, {f"CROSSCONNECT_{variable}": value})


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("example", False)],
)
def test_without_authentication_only_this_machine_may_call(host: str, local: bool) -> None:
    assert is_loopback(host) is local
    if local:
        assert read_settings({"host": host}, {}).host == host
        return
    with pytest.raises(SettingsError, match="refused on"):
        read_settings({"host": host}, {})
    assert read_settings({"host": host, "auth": "none-anywhere"}, {}).host == host


def test_a_server_on_every_address_is_called_on_loopback() -> None:
    assert url_of("0.0.0.0", 1) == "http://127.0.0.1:1"
    assert url_of("::", 1) == "http://[::1]:1"


def test_secrets_are_not_shown() -> None:
    settings = Settings(store="postgresql://me:s3:@cret@db:1/x", kafka_options={"sasl_plain_password": "s3cret"})
    assert shown("store", settings) == "postgresql://me:…@db:1/x"
    assert "s3cret" not in shown("kafka_options", settings)
    assert without_password("postgresql://me@db/x?a=1&password=s3cret") == "postgresql://me@db/x?a=1&password=…"


def test_the_defaults_of_the_class_are_those_of_the_table() -> None:
    read = read_settings({}, {})
    assert Settings(log_format=read.log_format) == read


def test_the_guide_names_every_setting_with_its_default() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for setting in SETTINGS:
        row = next((line for line in guide.splitlines() if line.startswith(f"| `{setting.variable}`")), "")
        assert setting.flag in row, f"{setting.variable} is not in {GUIDE.name}"
        assert not setting.default or f"`{setting.default}`" in row


def test_the_help_is_there_before_one_notices() -> None:
    """It imports neither the server nor a database driver."""
    heavy = ("fastapi", "httpx", "psycopg", "eventsourcing", "aiokafka", "pydantic", "yaml")
    code = f"import sys, api.cli.verbs; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True).stdout.strip() == "[]"
