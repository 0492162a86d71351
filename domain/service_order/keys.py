"""Activation keys: stable for every attempt of one decision, opaque to everybody else (contract, "Downstream: activation")."""

from domain.plan import PlannedTask

INVERSE = {"add": "delete", "delete": "add", "modify": "modify"}  # what takes back what


def activation_key(stream: str, task: PlannedTask, action: str, decision: int) -> str:
    """Order, service order item, task, action, decision number."""
    return f"{stream}.{task.id.partition('.')[2]}.{action}.{decision}"


def task_of_key(key: str) -> tuple[str, str] | None:
    """The stream and task id that an activation key belongs to; None when it is not one of ours."""
    stream, _, rest = key.partition(".")
    parts = rest.rsplit(".", 2)
    number = stream.rpartition("-")[2]
    if not stream.startswith("so-") or not number.isdecimal() or len(parts) != 3 or "." not in parts[0]:
        return None
    return stream, f"{number}.{parts[0]}"
