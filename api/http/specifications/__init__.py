"""The shapes of TMF resources, from TM Forum's own specification files (Apache-2.0): what OpenAPI says that we answer, and which attributes exist.

The files here hold only what our resources need; `python -m api.http.specifications FOLDER` makes them anew from the files as published.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def definitions(number: str) -> dict[str, Any]:
    """The definitions of one API (`TMF622`), by name; references are `#/components/schemas/TMF622_…`."""
    content: dict[str, Any] = json.loads((FOLDER / f"{number}.json").read_text())["definitions"]
    return content
