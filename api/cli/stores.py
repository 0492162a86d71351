"""`verify` and `rebuild`: the store proves itself, and views are made anew from the log. Both read the store; a server may run meanwhile."""

import gc
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, with_settings
from api.settings import Settings

if TYPE_CHECKING:
    from adapters.event_log.codec import Codec
    from adapters.event_log.port import EventLog
    from adapters.projector import Projector
    from adapters.read_models.port import ReadModelStore
    from projections.view import View

# How many ids of a broken invariant are named; --json names all.
NAMED = 20


class Rebuilt(NamedTuple):
    """One view folded anew: how long it took, and the ids of rows that differ (with --check)."""

    view: str
    events: int
    seconds: float
    events_per_second: float
    differing: list[str]


@with_settings("store")
def verify(settings: Settings, as_json: AsJson = False) -> None:
    """Check everything that must always hold."""
    from adapters.verify import verify as checks
    from api.cli.terminal import print_json, progress

    with opened(settings) as (log, codec, read_models), progress("Reading the log", "events", not as_json) as moved:
        findings = list(checks(log, codec, read_models, moved))
    if as_json:
        print_json([{"name": each.name, "checked": each.checked, "offending": list(each.offenders)} for each in findings])
    else:
        for each in findings:
            print(f"{'✗' if each.offenders else '✓'} {each.name}: {each.checked} checked, {len(each.offenders)} wrong")
            for id in each.offenders[:NAMED]:
                print(f"    {id}")
    broken = [each.name for each in findings if each.offenders]
    if broken:
        raise Failed(f"{len(broken)} of {len(findings)} invariants do not hold.")


@with_settings("store")
def rebuild(
    settings: Settings,
    view: Annotated[str, typer.Argument(metavar="[VIEW]", help="the view's name")] = "",
    every: Annotated[bool, typer.Option("--all", help="every view")] = False,
    check: Annotated[bool, typer.Option("--check", help="change nothing: compare with the live rows, exit 1 when they differ")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold views from the log's beginning, all in one pass."""
    views = _chosen(view, every)
    from adapters.claims import claim_view
    from adapters.projector import Projector
    from api.cli.terminal import print_json

    with opened(settings) as (log, codec, read_models), ExitStack() as claims:
        for each in views:
            claims.enter_context(closing(claim_view(settings.store, each.name)))
        results = _rebuilt(Projector(log, codec, read_models, views), views, check, as_json)
        if not check:
            _drop_earlier(settings.store, read_models, views)
    if not as_json:
        print("\n".join(_sentence(result, check) for result in results))
    if as_json:
        print_json([result._asdict() for result in results])
    differing = sum(len(result.differing) for result in results)
    if differing:
        raise Failed(f"{differing} rows differ from what the log says: `crossconnect rebuild --all` makes them anew.")


def _chosen(name: str, every: bool) -> "list[View]":
    from projections import VIEWS

    if every:
        return list(VIEWS)
    found = [view for view in VIEWS if view.name == name]
    if not found:
        what = f"There is no view {name!r}" if name else "Name a view, or say --all"
        raise Failed(f"{what}: {', '.join(view.name for view in VIEWS)}.", 2)
    return found


def _rebuilt(projector: "Projector", views: "Sequence[View]", check: bool, quiet: bool) -> list[Rebuilt]:
    """All in one pass over the log, so they share its time."""
    from api.cli.terminal import progress

    began, events = time.perf_counter(), 0
    with progress(views[0].name if len(views) == 1 else f"{len(views)} views", "events", not quiet) as moved:

        def counted(done: int, total: int) -> None:
            nonlocal events
            events = done
            moved(done, total)

        differing = projector.check(views, counted) if check else {}
        if not check:
            projector.rebuild(views, counted)
    seconds = time.perf_counter() - began
    return [Rebuilt(view.name, events, seconds, events / seconds, differing.get(view.name, [])) for view in views]


def _drop_earlier(store: str, read_models: "ReadModelStore", views: "list[View]") -> None:
    """Earlier generations of the views, where it is certain that no server uses them; else servers find out among themselves."""
    from adapters.claims import Claimed, claim_store
    from adapters.generations import Generations

    try:
        claim = claim_store(store)
    except Claimed:
        return
    if claim is not None:
        with closing(claim):
            Generations(read_models, views).drop_all()


def _sentence(result: Rebuilt, check: bool) -> str:
    told = f"{result.view}: {result.events} events in {result.seconds:.2f} s ({result.events_per_second:,.0f}/s)"
    if not check:
        return told
    return f"{told}, {len(result.differing)} rows differ" + "".join(f"\n    {id}" for id in result.differing[:NAMED])


@contextmanager
def opened(settings: Settings) -> "Iterator[tuple[EventLog, Codec, ReadModelStore]]":
    """The store of a server, opened beside it. Raises LogUnavailable, or Failed when there is none."""
    gc.disable()  # a verb ends soon, and what it makes of a log has no cycles: looking for them takes a quarter of the time
    from adapters.event_log import open_log
    from adapters.event_log.codec import Codec
    from adapters.event_log.upcasters import UPCASTERS
    from adapters.read_models import open_read_models
    from domain.events import EVENTS

    path = settings.store.removeprefix("sqlite:///")
    if path != settings.store and not os.path.exists(path):
        raise Failed(f"There is no store at {path}: name it with --store.")
    log = open_log(settings.store)
    try:
        read_models = open_read_models(settings.store)
        try:
            yield log, Codec(EVENTS, UPCASTERS), read_models
        finally:
            read_models.close()
    finally:
        log.close()
