"""The guide to the catalog file is true: its example can be published, and it names every key that there is."""

import re
from pathlib import Path

import pytest

from schemas.catalog import CatalogError, load_catalog, parts

GUIDE = Path(__file__).parents[2] / "docs" / "catalog.md"


def test_the_example_of_the_guide_is_a_catalog(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "radio.yaml").write_text(example)
    catalog = load_catalog(tmp_path / "radio.yaml")
    assert [task.name for service in catalog.services.values() for task in service.tasks] == ["measure", "activate"]


def test_the_guide_names_every_key_of_the_file() -> None:
    named = set(re.findall(r"`([A-Za-z]+)`", GUIDE.read_text()))
    named |= set(re.findall(r"^### (\w+)", GUIDE.read_text(), re.MULTILINE))
    sections = [each for each in vars(parts).values() if isinstance(each, type) and issubclass(each, parts.Part)]
    keys = {field.alias or name for part in sections for name, field in part.model_fields.items()}
    assert keys - named == set()


def test_what_is_found_in_the_wrong_catalog_is_what_the_guide_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GUIDE.parents[1])
    with pytest.raises(CatalogError) as raised:
        load_catalog("docs/wrong-catalog.yaml")
    assert f"```\n{raised.value}\n```" in GUIDE.read_text()
