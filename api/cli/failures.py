"""What went wrong, in one sentence: the errors that a person can do something about. Everything else is a fault of ours and keeps its traceback."""

from typing import Any


class Failed(Exception):
    """A verb ends here. `code` is the exit code: 1 refused or failed, 2 when no server runs."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


# By module and name, because importing them all would cost every verb the drivers of both databases.
EXPECTED = {
    "api.settings": ("SettingsError",),
    "api.wiring": ("StartRefused",),
    "adapters.claims": ("Claimed",),
    "adapters.event_log.port": ("LogUnavailable",),
    "adapters.read_models.port": ("ReadModelsUnavailable", "StoreUnavailable"),
    "adapters.topics.port": ("TopicsUnavailable", "MessageTooLarge"),
    "adapters.relay": ("HistoryForked",),
    "adapters.simulators.cast": ("UnknownSystem",),
    "adapters.simulators.script": ("ScriptError",),
    "schemas.catalog.findings": ("CatalogError",),
}


def explained(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code. Raises the error itself when nobody expected it."""
    if isinstance(error, Failed):
        return str(error), error.code
    if hasattr(error, "format_message"):
        return _misuse(error)
    kinds = ((kind.__module__, kind.__name__) for kind in type(error).__mro__)
    if any(name in EXPECTED.get(module, ()) for module, name in kinds):
        return str(error), 1
    raise error


def _misuse(error: Any) -> tuple[str, int]:
    """What the command line itself did not understand; a group without a word is answered with its help, as it is."""
    said = str(error.format_message())
    if "\n" in said or error.ctx is None:
        return said, error.exit_code
    return f"{said.rstrip('.')}; `{error.ctx.command_path} --help` shows what there is.", error.exit_code
