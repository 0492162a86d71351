"""Flags of verbs: one for every setting that a verb reads, made from the settings' own table."""

import os
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from api.cli.whereabouts import whereabouts
from api.settings import AUTOMATIC, BY_NAME, SETTINGS, Settings, read_settings

Verb = Callable[..., None]

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]
Url = Annotated[
    str, typer.Option("--url", help="the running server; default: the one of the store, or as the settings say", show_default=False)
]

ALL = tuple(setting.name for setting in SETTINGS)


def with_settings(*names: str, **defaults: str) -> Callable[[Verb], Verb]:
    """The verb gets `settings`, read from the environment and from a flag for each of `names`; `defaults` are the verb's own."""

    def decorate(verb: Verb) -> Verb:
        @wraps(verb)
        def run(**given: Any) -> None:
            flags = {name: given.pop(name) for name in names}
            verb(settings=read_settings(flags, os.environ, defaults), **given)

        own = signature(verb)
        kept = [parameter for name, parameter in own.parameters.items() if name != "settings"]
        added = [_parameter(name, defaults.get(name, BY_NAME[name].default)) for name in names]
        parameters = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in (*kept, *added)]
        run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _parameter(name: str, default: str) -> Parameter:
    setting = BY_NAME[name]
    shown = f" [default: {default}]" if default not in ("", AUTOMATIC) else ""
    option = typer.Option(setting.flag, help=f"{setting.help} ({setting.variable}){shown}", show_default=False)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])


def url_or_default(url: str) -> str:
    """`url` as given; else what the environment says of host and port; else where the server of the store is, whatever its flags were; else the
    defaults."""
    if url:
        return url
    settings = environment_settings()
    said = any(os.environ.get(BY_NAME[name].variable) for name in ("host", "port"))
    return settings.url if said else whereabouts(settings.store) or settings.url


def environment_settings() -> Settings:
    """The settings without flags. Raises SettingsError."""
    return read_settings({}, os.environ)
