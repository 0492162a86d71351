"""Wrong catalogs (`wrong_catalogs/`), each with its faults marked where they stand: `#! message` at the end of a line says what is found there, and
nothing else is found."""

import re
from pathlib import Path

import pytest

from schemas.catalog import CatalogError, load_catalog

# What a case does not say itself: one offering, its product, one service. A case that has a section of its own replaces it.
SECTIONS = {
    "offerings": "offerings: [{id: line, name: Line, specification: line}]",
    "products": "products: [{id: line, name: Line, children: [{specification: port}]}]",
    "services": "services: [{id: port, name: Port, targetSystem: net}]",
}

WRONG = sorted(Path(__file__).with_name("wrong_catalogs").glob("*.yaml"))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.stem)
def test_every_fault_of_a_catalog_is_found_where_it_stands(wrong: Path, tmp_path: Path) -> None:
    text = wrong.read_text()
    missing = [section for name, section in SECTIONS.items() if not re.search(f"^{name}:", text, re.MULTILINE)]
    file = tmp_path / "catalog.yaml"
    file.write_text("\n".join([text, *missing]))
    marked = enumerate(text.splitlines(), 1)
    expected = [(number, message.strip()) for number, line in marked for message in re.split(r"\s#!\s", line)[1:]]
    with pytest.raises(CatalogError) as raised:
        load_catalog(file)
    found = [(finding.line, f"{finding.path} {finding.message}") for finding in raised.value.findings]
    assert sorted(found) == sorted(expected)
    assert found == sorted(found, key=lambda each: each[0])


def test_a_finding_reads_as_a_sentence_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("\n".join(SECTIONS.values()).replace("specification: line", "specification: lime"))
    with pytest.raises(CatalogError, match="names 'lime'") as raised:
        load_catalog(file)
    assert (
        str(raised.value).splitlines()[0] == f"{file}:1: offerings[line].specification names 'lime', which is not a product of this catalog"
    )


def test_the_catalog_that_the_cases_are_made_from_is_right(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("\n".join(SECTIONS.values()))
    assert list(load_catalog(file).services) == ["port"]
