"""What simulated target systems answer: a YAML list of rules, read again whenever the file has changed (contract, "Simulators")."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import structlog
import yaml

log = structlog.get_logger()

MATCHED = ("specification", "action", "customer", "attempt", "characteristic", "task", "targetSystem", "item")
DONE = ("outcome", "reason", "delay", "times", "repeat", "silent", "serviceCharacteristic", "appointmentIn")


class ScriptError(Exception):
    """A script cannot be used. The sentence names the file and the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do with the requests that it matches. `outcome` empty means the usual one; `delay` is in seconds; `times` 0 means as often as it
    matches; `repeat` counts all copies of the answer, the first included; `appointment_in` is in how many seconds a visit is to take place."""

    match: Mapping[str, Any]
    outcome: str = ""
    reason: Mapping[str, str] | None = None
    delay: float = 0.0
    times: int = 0
    repeat: int = 1
    silent: bool = False
    characteristics: tuple[Mapping[str, Any], ...] = ()
    appointment_in: float = 0.0

    def fits(self, facts: Mapping[str, Any]) -> bool:
        """Whether every fact that the rule names is as it says."""
        return all(_fits(name, wanted, facts.get(name)) for name, wanted in self.match.items())


AS_USUAL = Rule({})


def _fits(name: str, wanted: Any, found: Any) -> bool:
    if name == "customer":
        return fnmatchcase(str(found), str(wanted))
    if name == "characteristic":
        values = found or {}
        return all(_same(value, values.get(each)) for each, value in wanted.items())
    if isinstance(found, tuple):
        return wanted in found
    return _same(wanted, found)


def _same(wanted: Any, found: Any) -> bool:
    """Equal, where true is not 1."""
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


class Script:
    """The rules of one file, or none. Not for more than one thread; each simulator has its own."""

    def __init__(self, path: str = "") -> None:
        """Raises ScriptError."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._rules: tuple[Rule, ...] = ()
        self._fired: dict[str, int] = {}
        if path:
            self._seen = self._look()
            self._rules = read_script(path)

    def decide(self, facts: Callable[[], Mapping[str, Any]], outcomes: tuple[str, ...]) -> Rule:
        """The first rule that matches and has not fired often enough yet; none: as usual, at once. A rule whose outcome is not among `outcomes` is
        another simulator's."""
        self._refresh()
        if not self._rules:
            return AS_USUAL
        known = facts()
        for rule in self._rules:
            if (not rule.outcome or rule.outcome in outcomes) and self._left(rule) and rule.fits(known):
                self._count(rule)
                return rule
        return AS_USUAL

    def _left(self, rule: Rule) -> bool:
        return not rule.times or self._fired.get(repr(rule), 0) < rule.times

    def _count(self, rule: Rule) -> None:
        """By what the rule says, not where it stands: an edit elsewhere in the file does not make it fire again."""
        if rule.times:
            self._fired[repr(rule)] = self._fired.get(repr(rule), 0) + 1

    def _look(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _refresh(self) -> None:
        """A file that is wrong or gone while the simulator runs is reported, and the rules before it stay."""
        if not self._path or (seen := self._look()) == self._seen:
            return
        self._seen = seen
        try:
            self._rules = read_script(self._path)
        except ScriptError as wrong:
            log.warning("simulator.script_ignored", problem=str(wrong))


def read_script(path: str) -> tuple[Rule, ...]:
    """The rules of a file, an empty one included. Raises ScriptError."""
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScriptError(f"The simulator script {path} cannot be read: {_one_line(error)}.") from None
    if not isinstance(content, list | None):
        raise ScriptError(f"The simulator script {path} must be a list of rules.")
    return tuple(_rule(each, f"{path}, rule {number}") for number, each in enumerate(content or (), 1))


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    return " ".join(str(error).split())


def _rule(content: Any, where: str) -> Rule:
    if not isinstance(content, dict) or not set(content) <= {"match", "do"}:
        raise ScriptError(f"{where}: a rule has the keys match and do.")
    match = _mapping(content.get("match") or {}, MATCHED, f"{where}, match")
    if not isinstance(match.get("characteristic", {}), dict):
        raise ScriptError(f"{where}, match: characteristic must name values, such as {{downstream: 1000}}.")
    do = _mapping(content.get("do") or {}, DONE, f"{where}, do")
    return Rule(
        match,
        outcome=_outcome(do.get("outcome", ""), where),
        reason=_reason(do.get("reason"), where),
        delay=_number(do, "delay", 0.0, where),
        times=int(_number(do, "times", 0, where)),
        repeat=int(_number(do, "repeat", 1, where)),
        silent=do.get("silent") is True,
        characteristics=_characteristics(do.get("serviceCharacteristic") or [], where),
        appointment_in=_number(do, "appointmentIn", 0.0, where),
    )


OUTCOMES = ("inProgress", "completed", "rejected", "failed", "scheduled", "cancelled")


def _outcome(value: Any, where: str) -> str:
    if value and value not in OUTCOMES:
        raise ScriptError(f"{where}: outcome must be one of {', '.join(OUTCOMES)}, not {value!r}.")
    return str(value)


def _mapping(content: Any, allowed: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ScriptError(f"{where}: must have keys and values.")
    unknown = [str(name) for name in content if name not in allowed]
    if unknown:
        raise ScriptError(f"{where}: knows {', '.join(allowed)}, not {', '.join(unknown)}.")
    return content


def _number(do: Mapping[str, Any], name: str, default: float, where: str) -> float:
    value = do.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ScriptError(f"{where}: {name} must be a number from 0, not {value!r}.")
    return value


def _reason(value: Any, where: str) -> Mapping[str, str] | None:
    if value is None:
        return None
    reason = _mapping(value, ("code", "message"), f"{where}, reason")
    return {name: str(text) for name, text in reason.items()}


def _characteristics(value: Any, where: str) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) and "name" in each for each in value):
        raise ScriptError(f"{where}: serviceCharacteristic must be a list of {{name, value}}.")
    return tuple(value)
