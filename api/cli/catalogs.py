"""`catalog`: catalogs checked, compared, shown and published."""

import getpass
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default, with_settings
from api.cli.group import Group
from api.settings import Settings
from domain.catalog import ORDERABLE

if TYPE_CHECKING:
    from api.cli.client import Api

app = typer.Typer(cls=Group, help="Catalogs: check, publish, compare, show.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[str, typer.Argument(metavar="FILE", help="a catalog file or folder, or a shipped one: sample, benchmark-w1")]


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Say all that is wrong with a catalog, line by line. Exit 1 when something is."""
    from api.cli.terminal import print_json
    from schemas.catalog import CatalogError, catalog_document

    try:
        catalog = catalog_document(file)
    except CatalogError as wrong:
        if not as_json:
            raise
        print_json([str(finding) for finding in wrong.findings])
        raise typer.Exit(1) from None
    if as_json:
        print_json([])
    else:
        print(f"{file} is a valid catalog, version {catalog.version}: {_census(catalog.document)}.")


@app.command()
def publish(
    file: File,
    effective: Annotated[
        str, typer.Option(help="the time from which it is in force, as 2027-01-01 or 2027-01-01T09:00:00Z; default: now")
    ] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Publish a catalog to the running server. Orders from now on (or from its date on) are decided by it; those in flight keep theirs."""
    from api.cli.client import OURS, Api
    from api.cli.terminal import print_json
    from schemas.catalog import catalog_document

    document = catalog_document(file)
    date = effective or (document.effective.isoformat() if document.effective is not None else "")
    with Api(url_or_default(url), getpass.getuser()) as api:
        before = _current(api)
        answer = api.post(f"{OURS}/catalogs", {**document.document, **({"effective": date} if date else {})})
    gone = sorted(_offered(before) - _offered(document.document))
    if as_json:
        print_json({**answer, "noLongerOffered": gone})
        return
    since = "" if answer["current"] else f", in force from {answer['effective']}"
    print(f"{file} is published as version {answer['version']}{since}.")
    if gone:
        known = {_name(entry) for entry in document.document.get("offerings", ())}
        print(f"No longer offered: {len(gone)} ({', '.join(gone)}). Products that customers have of them stay, and can be ended.")
        if left := [each for each in gone if each not in known]:
            print(f"Changing such a product is refused for what is not in the catalog at all: {', '.join(left)}.")


def _current(api: "Api") -> dict[str, Any]:
    """The catalog that orders are decided by until now, as a file has it."""
    from api.cli.client import OURS, resource_path

    path = f"{OURS}/catalogs"
    current = [row for row in api.get(path) if row["current"]]
    return dict(api.get(resource_path(path, current[0]["id"]))["document"]) if current else {}


def _offered(content: dict[str, Any]) -> set[str]:
    return {_name(entry) for entry in content.get("offerings", ()) if entry.get("lifecycleStatus", ORDERABLE) == ORDERABLE}


@app.command()
@with_settings("store", "answer_within")
def diff(
    settings: Settings,
    old: Annotated[str, typer.Argument(metavar="OLD|CANDIDATE", help="a catalog file or folder, or a shipped one: sample, benchmark-w1")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="the other one; not with --over-orders")] = "",
    with_orders: Annotated[
        bool, typer.Option("--over-orders", help="instead: which orders in the store would decompose otherwise under CANDIDATE")
    ] = False,
    since: Annotated[str, typer.Option(help="with --over-orders: only orders accepted from this time on")] = "",
    until: Annotated[str, typer.Option(help="with --over-orders: only orders accepted before this time")] = "",
    limit: Annotated[int, typer.Option(min=0, help="with --over-orders: the first so many of them; 0: all")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show what changed, or what that means for past orders."""
    if with_orders == bool(new):
        raise Failed("Name two catalogs, or one and --over-orders.", 2)
    if with_orders:
        from api.cli.over_orders import over_orders

        over_orders(settings, old, since, until, limit, as_json)
    else:
        _differences(old, new, as_json)


def _differences(old: str, new: str, as_json: bool) -> None:
    from api.cli.terminal import print_json
    from domain.catalog.difference import difference
    from schemas.catalog import load_catalog

    changes = difference(load_catalog(old), load_catalog(new))
    if as_json:
        print_json([{"path": each.path, "kind": each.kind, "before": _plain(each.before), "after": _plain(each.after)} for each in changes])
        return
    for change in changes:
        print(_change(change))
    if not changes:
        print("Both catalogs decide alike.")


def _change(change: Any) -> str:
    if change.kind == "added":
        return f"+ {change.path}"
    if change.kind == "removed":
        return f"- {change.path}"
    return f"~ {change.path}: {_plain(change.before)} → {_plain(change.after)}"


@app.command()
def show(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="a section: offerings, products, services, …")] = "",
    id: Annotated[str, typer.Argument(metavar="[ID]", help="one entry of it")] = "",
    file: Annotated[str, typer.Option("--file", help="a catalog file or folder, or a shipped one: sample, benchmark-w1")] = "sample",
    as_json: AsJson = False,
) -> None:
    """Show a catalog's sections, one section, or one entry of it."""
    from api.cli.terminal import print_json
    from schemas.catalog import catalog_document

    content = catalog_document(file).document
    found = _found(content, kind, id) if kind else {section: [_name(each) for each in content[section]] for section in _sections(content)}
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            print(line)


def _found(content: dict[str, Any], kind: str, id: str) -> Any:
    if kind not in _sections(content):
        raise Failed(f"The catalog has no {kind}: {', '.join(_sections(content))}.", 2)
    found = [entry for entry in content[kind] if not id or _name(entry) == id]
    if not found:
        raise Failed(f"The catalog has no {id} among its {kind}.")
    return found[0] if id else found


def _sections(content: dict[str, Any]) -> list[str]:
    return [key for key, value in content.items() if isinstance(value, list) and value]


def _name(entry: dict[str, Any]) -> str:
    return str(entry["id"]) if "id" in entry else f"{entry.get('before', 'date')} → {entry.get('after')}"


def _census(content: dict[str, Any]) -> str:
    return ", ".join(f"{len(content[section])} {section}" for section in _sections(content))


def _plain(value: Any) -> Any:
    """A record as JSON, without what it leaves at its default."""
    if hasattr(value, "__dataclass_fields__"):
        return {
            each.name: _plain(getattr(value, each.name))
            for each in fields(value)
            if each.repr and getattr(value, each.name) not in ((), None)
        }
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """Indented lines, a key or an entry each."""
    if isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, dict | list) and each:
                yield f"{indent}{key}:"
                yield from _lines(each, indent + "  ")
            else:
                yield f"{indent}{key}: {_word(each) if each not in ({}, []) else '–'}"
    elif isinstance(value, list):
        for each in value:
            first, *rest = _lines(each, indent + "  ") if isinstance(each, dict | list) else (f"{indent}  {_word(each)}",)
            yield f"{indent}- {first.removeprefix(indent + '  ')}"
            yield from rest
    else:
        yield f"{indent}{_word(value)}"


def _word(value: Any) -> Any:
    """As a catalog file has it."""
    return {True: "true", False: "false", None: "null"}.get(value, value) if value is None or isinstance(value, bool) else value
