"""What target systems and field service are asked (contract, "Downstream: activation", "Field service"). The domain makes these messages; this is
their shape for those who receive them."""

from typing import Annotated, Literal, Required

from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.parts import Characteristic, Name, RelatedPlace, SpecificationReference
from schemas.reading import OPEN


@with_config(OPEN)
class SupportingService(TypedDict, total=False):
    id: Required[Name]


@with_config(OPEN)
class RequestedService(TypedDict, total=False):
    """The TMF640 service as it should be when the task is done; `place` is left out when nobody has said where, `state` where the task does not decide
    whether the service runs."""

    id: Required[Name]
    type: Required[Annotated[Literal["Service"], Field(alias="@type")]]
    category: Required[str]
    name: Required[str]
    state: Literal["active", "inactive"]
    serviceSpecification: Required[SpecificationReference]
    serviceCharacteristic: Required[list[Characteristic]]
    place: list[RelatedPlace]
    supportingService: Required[list[SupportingService]]


@with_config(OPEN)
class OrderItem(TypedDict, total=False):
    id: Required[Name]
    itemId: Required[Name]


@with_config(OPEN)
class ActivationRequest(TypedDict, total=False):
    """One task of one service. The same `activationKey` asks for the same thing, however often it comes; `attempt` counts how often it was asked."""

    activationKey: Required[Name]
    attempt: Required[Annotated[int, Field(ge=1)]]
    action: Required[Literal["add", "modify", "delete"]]
    task: Required[Name]
    targetSystem: Required[Name]
    service: Required[RequestedService]
    serviceOrder: Required[OrderItem]
    productOrder: Required[OrderItem]
    requestedStartDate: Required[str]
    answerBy: Required[str]


@with_config(OPEN)
class RequestedWorkOrder(TypedDict, total=False):
    """The TMF697 work order."""

    id: Required[Name]
    type: Required[Annotated[Literal["WorkOrder"], Field(alias="@type")]]


@with_config(OPEN)
class ProductOrderOfVisit(TypedDict, total=False):
    id: Required[Name]


@with_config(OPEN)
class WorkOrderRequest(TypedDict, total=False):
    """A visit that is wanted, moved or no longer wanted."""

    workOrderKey: Required[Name]
    targetSystem: Required[Name]
    action: Required[Literal["create", "reschedule", "cancel"]]
    workOrder: Required[RequestedWorkOrder]
    productOrder: Required[ProductOrderOfVisit]
    answerBy: Required[str]


ACTIVATION = TypeAdapter(ActivationRequest)
WORK_ORDER = TypeAdapter(WorkOrderRequest)
