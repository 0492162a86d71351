"""The settings of a running Crossconnect: one table from which the environment, the flags, `--help`, `doctor` and the operator's guide are read."""

import ipaddress
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

PREFIX = "CROSSCONNECT_"


class SettingsError(Exception):
    """A setting is wrong. The sentence names it, as its flag or its variable, and says what it may be."""


class Setting(NamedTuple):
    """One setting. `default` is what it is without being set, as it would be written; `parse` raises ValueError with the end of a sentence."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any] = str

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


def _store(text: str) -> str:
    if re.fullmatch(r"sqlite:///.+|postgresql://.+", text):
        return text
    raise ValueError("must be sqlite:///PATH or postgresql://user@host:port/database")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise ValueError("must be a port from 0 (any free one) to 65535")


def _host(text: str) -> str:
    if text and not re.search(r"[\s/]", text):
        return text
    raise ValueError("must be a host name or an address")


def _bootstrap(text: str) -> str:
    if not text or all(re.fullmatch(r"[^\s,/]+:\d+", server) for server in text.split(",")):
        return text
    raise ValueError("must be host:port, several with commas between them, or empty for the embedded topics")


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if isinstance(options, dict):
        return options
    raise ValueError("must be a JSON object")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= 366 * 86400:
        return seconds
    raise ValueError("must be a number of seconds above 0, a year at most")


def _systems(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if names == {"none"}:
        return frozenset()
    if names and "none" not in names:
        return names
    raise ValueError("must be none, all, or names of target systems with commas between them")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text in allowed:
            return text
        raise ValueError(f"must be {', '.join(allowed[:-1])} or {allowed[-1]}")

    return parse


# What a default that depends on other things is called; `_settled` resolves it.
AUTOMATIC = "auto"

SETTINGS: tuple[Setting, ...] = (
    Setting("store", "sqlite:///crossconnect.db", "where facts are kept: sqlite:///PATH or postgresql://user@host:port/database", _store),
    Setting("kafka", "", "Kafka bootstrap servers; empty: the embedded topics in the store", _bootstrap),
    Setting("catalog", "sample", "sample, or a catalog file or folder, published at first start"),
    Setting("host", "127.0.0.1", "the address on which the API listens", _host),
    Setting("port", "8080", "the port on which the API listens, 0 for any free one", _port),
    Setting("simulators", "none", "which target systems the shipped simulators play: none, all, or names with commas", _systems),
    Setting("simulator_script", "", "the YAML file that says how the simulators answer; empty: every request is completed at once"),
    Setting("kafka_options", "{}", "JSON object handed to the Kafka clients (SASL, TLS)", _json_object),
    Setting(
        "auth",
        "none",
        "who may call: none (on a loopback address only), none-anywhere, or oidc",
        _one_of("none", "none-anywhere", "oidc"),
    ),
    Setting("answer_within", "900", "seconds a target system has for its answer where the catalog says nothing", _seconds),
    Setting(
        "log_format",
        AUTOMATIC,
        "how log lines look: console, json, or auto (console on a terminal, else json)",
        _one_of("console", "json", AUTOMATIC),
    ),
)
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """Parsed settings. `simulators` holds names of target systems, `all` for every one; `answer_within` is in seconds."""

    store: str = "sqlite:///crossconnect.db"
    kafka: str = ""
    catalog: str = "sample"
    host: str = "127.0.0.1"
    port: int = 8080
    simulators: frozenset[str] = frozenset()
    simulator_script: str = ""
    kafka_options: Mapping[str, Any] = field(default_factory=dict)
    auth: str = "none"
    answer_within: float = 900.0
    log_format: str = "console"

    @property
    def url(self) -> str:
        """Where this process's API is reached from the same machine."""
        return url_of(self.host, self.port)


def url_of(host: str, port: int) -> str:
    """The address of an API that listens on `host`, as seen from the same machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (read, not bound)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_settings(
    flags: Mapping[str, str | None],
    environment: Mapping[str, str],
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> Settings:
    """The settings from flags (by name, None = not given), else the environment, else `defaults` of the verb, else the table's.

    Raises SettingsError."""
    values = {setting.name: _read(setting, flags, environment, defaults) for setting in SETTINGS}
    return _settled(values)


def _read(setting: Setting, flags: Mapping[str, str | None], environment: Mapping[str, str], defaults: Mapping[str, str]) -> Any:
    flag, variable = flags.get(setting.name), environment.get(setting.variable)
    named, text = setting.variable, variable
    if flag is not None:
        named, text = setting.flag, flag
    if text is None or (text == "" and setting.default):  # an empty variable is one that is not set
        text = defaults.get(setting.name, setting.default)
    try:
        return setting.parse(text)
    except ValueError as wrong:
        raise SettingsError(f"{named} {wrong}, not {text!r}.") from None


def _settled(values: dict[str, Any]) -> Settings:
    """What depends on other settings: automatic values, and the address that needs authentication."""
    local = is_loopback(values["host"])
    if values["auth"] == "none" and not local:
        raise SettingsError(
            f"--auth none lets everybody in and is refused on {values['host']}, which others can reach: "
            "listen on a loopback address, or say --auth none-anywhere."
        )
    if values["auth"] == "oidc":
        raise SettingsError(
            "--auth oidc is not built yet: use none on a loopback address, or none-anywhere behind a gateway that authenticates."
        )
    if values["log_format"] == AUTOMATIC:
        values["log_format"] = "console" if sys.stderr.isatty() else "json"
    return Settings(**values)


def shown(name: str, settings: Settings) -> str:
    """One setting as it may be printed: a password in an address and the options of the Kafka clients stay hidden."""
    value = getattr(settings, name)
    if name == "store":
        return without_password(value)
    if name == "kafka_options":
        return json.dumps(dict.fromkeys(value, "…"), ensure_ascii=False)
    if name == "simulators":
        return ",".join(sorted(value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def without_password(url: str) -> str:
    """The address with its password, if it has one, replaced by three dots."""
    hidden = re.sub(r"(?<=://)([^:/@]*):.*@", r"\1:…@", url)
    return re.sub(r"(?<=[?&]password=)[^&]*", "…", hidden)
