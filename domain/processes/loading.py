"""What follows when a product is loaded or corrected: the services that it rests on know that it does, and are there."""

from collections.abc import Iterator
from typing import Any

from domain.decider import World
from domain.decomposition.as_built import services_assumed
from domain.product_loading import LIVE, JoinProduct, ProductCorrected, ProductLoaded, ProductStatusCorrected, RealiseProduct
from domain.service import AttachService, DetachService


def follow(stream: str, event: Any, product: Any, world: World) -> Iterator[Any]:
    """The commands that are due after an event that no order led to; `product` is the state of the stream by now."""
    match event:
        case ProductLoaded() if product.status in LIVE:
            yield from _loaded(stream, event, world)
        case ProductCorrected():
            yield from _corrected(stream, event, product.status in LIVE)
        case ProductStatusCorrected(detached=detached):
            yield from _attach(stream, product.services if product.status in LIVE else ())
            yield from (DetachService(id, "", stream) for id in detached)


def _loaded(stream: str, event: ProductLoaded, world: World) -> Iterator[Any]:
    yield from (JoinProduct(part, stream) for part in event.bundles)
    if event.services:
        yield from _attach(stream, event.services)
        return
    assumed = services_assumed(stream, event, world)
    yield from assumed
    if assumed:
        yield RealiseProduct(stream, tuple([each.stream for each in reversed(assumed)]), event.at)


def _corrected(stream: str, event: ProductCorrected, live: bool) -> Iterator[Any]:
    yield from _attach(stream, event.services if live else ())
    yield from (DetachService(id, "", stream) for id in event.detached)
    yield from (JoinProduct(part, stream) for part in event.bundles)
    yield from (JoinProduct(part, "") for part in event.left)


def _attach(product: str, services: tuple[str, ...]) -> Iterator[AttachService]:
    return (AttachService(id, "", product) for id in services)
