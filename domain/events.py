"""Every kind of fact that the log can hold, by the stream it stands in."""

from typing import Any, get_args

from domain import catalog_publication, intake, product, product_order, service, service_order, target_system, work_order

EVENTS: tuple[type[Any], ...] = tuple(
    dict.fromkeys(
        event
        for module in (product_order, service_order, work_order, product, service, catalog_publication, target_system, intake)
        for event in get_args(module.Event) or (module.Event,)
    )
)

DECIDERS = {
    decider.prefix: decider
    for decider in (
        product_order.decider,
        product_order.services_decider,
        service_order.decider,
        work_order.decider,
        product.decider,
        service.decider,
        catalog_publication.decider,
        target_system.decider,
        intake.decider,
    )
}
