"""Two figures of the machine that every other one is to be read by: what validating an order costs, and what a flush of the disk costs."""

import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psutil

from schemas.product_ordering import CREATE
from tests.benchmarks.loads import W1

VALIDATIONS = 2_000
FLUSHES = 200


def machine(folder: Path) -> dict[str, Any]:
    """The calibrations, and what the machine is; `folder` is on the disk that the stores will be on."""
    return {
        "validate_us": round(validate_us(), 2),
        "fdatasync_us": round(fdatasync_us(folder), 1),
        "cores": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1_000_000),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "python": platform.python_version(),
    }


def validate_us() -> float:
    """Microseconds that pydantic takes to validate one W1 order (median)."""
    body = W1.body("cust-1")
    return median(_timed(lambda: CREATE.validate_json(body), VALIDATIONS))


def fdatasync_us(folder: Path) -> float:
    """Microseconds of one fdatasync after writing 4 KiB (median)."""
    block = os.urandom(4096)
    file = os.open(folder / "flushed", os.O_CREAT | os.O_WRONLY, 0o600)
    try:

        def flush() -> None:
            os.write(file, block)
            os.fdatasync(file)

        return median(_timed(flush, FLUSHES))
    finally:
        os.close(file)


def _timed(action: Any, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = perf_counter()
        action()
        taken.append((perf_counter() - began) * 1e6)
    return taken


def _processor() -> str:
    with open("/proc/cpuinfo") as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
