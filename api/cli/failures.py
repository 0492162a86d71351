"""What went wrong, in one sentence: the errors that a person can do something about. Everything else is a fault of ours and keeps its traceback."""


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
    "schemas.catalog": ("CatalogError",),
}


def explained(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code. Raises the error itself when nobody expected it."""
    if isinstance(error, Failed):
        return str(error), error.code
    kinds = ((kind.__module__, kind.__name__) for kind in type(error).__mro__)
    if any(name in EXPECTED.get(module, ()) for module, name in kinds):
        return str(error), 1
    raise error
