"""How catalog files are read: what is refused and where, what survives being published, folders, JSON."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import yaml_lines
from schemas.catalog import (
    SHIPPED,
    CatalogError,
    catalog_document,
    catalog_from_document,
    catalog_in_body,
    load_catalog,
)
from schemas.yaml_lines import DEEPEST, Finding, read_source
from tests.examples import examples

SMALL = """\
offerings: [{id: line, name: Line, specification: line}]
products:
  - id: line
    name: Line
    characteristics:
      - {name: downstream, valueType: number, values: [100, 500]}
      - {name: fast, valueType: boolean}
      - {name: fee, valueType: number, default: {lookup: {characteristic: downstream}, table: {100: 1, 500: 2.5}}}
      - {name: tax, valueType: number, default: {lookup: {characteristic: fast}, table: {true: 7, false: 0}}}
    children: [{specification: port}]
services: [{id: port, name: Port, targetSystem: net}]
"""


def findings(content: str | bytes, tmp_path: Path, name: str = "catalog.yaml") -> list[tuple[int, str, str]]:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(each.line, each.path, each.message) for each in read_source(file).findings]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: \xff\n", (2, "", "is not UTF-8 text")),
        ("a: 1\n---\nb: 2\n", (2, "", "holds more than one document: make each a file, in one folder")),
        ("a: 1\nb: 2\na: 3\n", (3, "a", "is written twice, here and on line 1")),
        ("t: {100: 1,\n  '100': 2}\n", (2, "t.100", "is written twice, here and on line 1")),
        ("a:\n  b: !!python/name:os.system x\n", (2, "a.b", "has the type !!python/name:os.system, which JSON cannot carry")),
        ("a: !!binary aGk=\n", (1, "a", "has the type !!binary, which JSON cannot carry")),
        ("a: !!set {b}\n", (1, "a", "has the type !!set, which JSON cannot carry")),
        ("a: .inf\n", (1, "a", "must be a finite number")),
        ("a: 9007199254740993\n", (1, "a", "must be within ±2^53, so that every JSON reader reads the same number")),
        ('a: "\\ud800"\n', (1, "a", "contains half a character (a lone surrogate)")),
        ("a: !!int word\n", (1, "a", "is not what its type !!int says")),
        ("a: {null: 1}\n", (1, "a", "has a key that is not text, number, true or false")),
        ("a:\n  ? [1]\n  : 2\n", (2, "a", "has a key that is not text, number, true or false")),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", (3, "c", "has a merge key (<<), which a catalog cannot: write the keys out")),
        ("a: [1\nb: 2\n", (2, "", "is not YAML: while parsing a flow sequence, expected ',' or ']', but got ':'")),
        ("a: *b\n", (1, "", "is not YAML: found undefined alias 'b'")),
        ("- a\n", (1, "", "a catalog file is an object with sections such as offerings, products and services")),
        ("a: &a [*a]\n", (1, "", f"is nested deeper than {DEEPEST} levels")),
        (f"a: {'[' * 1000}{']' * 1000}\n", (0, "", f"is nested deeper than {DEEPEST} levels")),
        ("a: \x00\n", (1, "", "is not YAML: unacceptable character #x0000: special characters are not allowed")),
        ('a: "\\UFFFFFFFF"\n', (0, "", "is not YAML: Python int too large to convert to C int")),
    ],
)
def test_yaml_that_json_cannot_carry_is_refused_at_its_line(content: str | bytes, expected: tuple[int, str, str], tmp_path: Path) -> None:
    assert findings(content, tmp_path) == [expected]


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("one-line.yaml", "offerings: [{id: a, name: A}\n", "1:12"),
        ("one-line.yaml", "offerings: [{id: a, name: A}", "1:12"),
        ("one-line.yaml", "offerings: {a: b: c}\n", "1:17"),
        ("a-quote.yaml", 'offerings:\n  - id: "a\n    name: A\n\n', "2:9"),
        ("control.yaml", "a: 1\nb: \x00\n", "2:4"),
        ("one-line.json", '{"offerings": [\n\n', "1:16"),
        ("one-line.json", '{"offerings": [}]}\n', "1:16"),
    ],
)
def test_a_broken_file_is_told_with_the_line_and_column_where_it_breaks(name: str, content: str, place: str, tmp_path: Path) -> None:
    """What is never closed is told where it begins: that is noticed at the end of the file only, which may be a line that is not there."""
    file = tmp_path / name
    file.write_text(content)
    (finding,) = read_source(file).findings
    assert str(finding).startswith(f"{file}:{place}: is not {file.suffix[1:].upper()}: ")


def test_all_faults_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    assert [line for line, _, _ in findings("a: .nan\nb: !!set {}\na: 1\n", tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1,\n "b": }', (2, "", "is not JSON: Expecting value")),
        ('{"a": 1,\n "a": 2}', (2, "a", "is written twice, here and on line 1")),
        ('{"a":\n NaN}', (0, "", "is not JSON: NaN is not JSON")),
        ('{"a":\n 1e400}', (2, "a", "must be a finite number")),
        ('{"a": "\\ud800"}', (1, "a", "contains half a character (a lone surrogate)")),
        ("", (1, "", "is not JSON: Expecting value")),
        ('["a"]', (1, "", "a catalog file is an object with sections such as offerings, products and services")),
        ("[" * 100_000, (0, "", f"is nested deeper than {DEEPEST} levels")),
        ('{"a":' + "[" * 101 + "]" * 101 + "}", (1, "", f"is nested deeper than {DEEPEST} levels")),
    ],
)
def test_json_that_is_none_is_refused_at_its_line(content: str, expected: tuple[int, str, str], tmp_path: Path) -> None:
    assert findings(content, tmp_path, "catalog.json") == [expected]


def test_a_few_lines_of_aliases_cannot_stand_for_billions_of_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "MOST_VALUES", 5000)  # a million take seconds
    levels = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert findings("\n".join(levels), tmp_path) == [(1, "", "stands for more than 5000 values")]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    assert findings(b"#" * (16 * 1024 * 1024 + 1), tmp_path) == [(0, "", "is larger than 16 MiB")]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert read_source(tmp_path / "none.yaml").findings == [
        Finding(str(tmp_path / "none.yaml"), 0, "", "cannot be read: No such file or directory")
    ]


def test_every_value_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("a:\n  - b: 1\n    c:\n      - x\n      - {d: y}\n")
    lines = {path: origin.line for path, origin in read_source(file).lines.items()}
    assert lines == {"a": 1, "a[0]": 2, "a[0].b": 2, "a[0].c": 3, "a[0].c[0]": 4, "a[0].c[1]": 5, "a[0].c[1].d": 5}


def test_dates_stay_text_and_exponents_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("date: 2026-11-25\nrate: 1e5\nequals: =\n")
    assert read_source(file).content == {"date": "2026-11-25", "rate": 100000.0, "equals": "="}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@examples(60)
@given(content=st.dictionaries(st.text(), JSON_VALUES, max_size=5), indent=st.sampled_from([None, 1, "\t"]), ascii=st.booleans())
def test_json_is_read_as_json_whatever_is_in_it(content: dict[str, Any], indent: int | str | None, ascii: bool, tmp_path: Path) -> None:
    text = json.dumps(content, indent=indent, ensure_ascii=ascii)
    file = tmp_path / "catalog.json"
    file.write_bytes(text.encode())
    source = read_source(file)
    assert not source.findings
    assert source.content == content


# ---- what is published


@pytest.mark.parametrize("name", ["sample", "benchmark-w1", "small"])
def test_a_published_catalog_is_the_one_that_was_checked(name: str, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    place = name if name != "small" else tmp_path / "small.yaml"
    published = catalog_document(place)
    stored = msgspec.json.decode(msgspec.json.encode(published.document))
    assert stored == published.document
    assert catalog_from_document(stored) == load_catalog(place)
    assert catalog_in_body(json.dumps(published.document).encode()) == published


def test_a_table_with_numbers_for_keys_answers_alike_before_and_after_publishing(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    before = load_catalog(file)
    after = catalog_from_document(json.loads(json.dumps(catalog_document(file).document)))
    for catalog in (before, after):
        fee, tax = catalog.products["line"].characteristics[2:]
        assert [catalog.compiled.expression(fee.default)({"downstream": value}) for value in (100, 500, 500.0, 7)] == [1, 2.5, 2.5, None]
        assert [catalog.compiled.expression(tax.default)({"fast": value}) for value in (True, False)] == [7, 0]


def test_yaml_and_json_of_one_content_are_one_catalog(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    published = catalog_document(tmp_path / "small.yaml")
    (tmp_path / "small.json").write_text(json.dumps(published.document, indent="\t"))
    assert catalog_document(tmp_path / "small.json") == published
    assert published.version == published.digest[:12]


@pytest.mark.parametrize(("written", "read"), [("30", (30.0,)), ("2.5", (2.5,)), ("[]", ()), ("[10, 60]", (10.0, 60.0))])
def test_pauses_between_attempts_are_a_number_or_a_list(written: str, read: tuple[float, ...], tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        SMALL.replace("targetSystem: net", f"targetSystem: net, tasks: [{{name: activate, retryAfter: {written}}}]")
    )
    assert load_catalog(str(tmp_path / "c.yaml")).services["port"].tasks[0].retry_after == read


@pytest.mark.parametrize(("written", "message"), [("-1", "at least 0"), ("true", "list"), ("soon", "list"), ("[a]", "number")])
def test_pauses_that_are_none_are_found_at_their_line(written: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        SMALL.replace("targetSystem: net", f"targetSystem: net, tasks: [{{name: activate, retryAfter: {written}}}]")
    )
    with pytest.raises(CatalogError) as wrong:
        load_catalog(str(tmp_path / "c.yaml"))
    (finding,) = wrong.value.findings
    assert (finding.line, message in finding.message) == (11, True), finding


def test_a_folder_is_read_as_one_catalog_and_findings_name_its_files(tmp_path: Path) -> None:
    sections = SMALL.split("services:")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "products.yaml").write_text(sections[0])
    (tmp_path / "services.yml").write_text("services:" + sections[1])
    whole = tmp_path / "whole.txt"
    whole.write_text(SMALL)
    assert load_catalog(tmp_path) == load_catalog(whole)
    (tmp_path / "more.json").write_text('{"version": "2",\n "services": [{"id": "port", "name": "Again"},\n {"id": "x", "name": "X"}]}')
    with pytest.raises(CatalogError) as raised:
        load_catalog(tmp_path)
    assert str(raised.value).splitlines() == [
        f"{tmp_path}/more.json:3: services[x] is needed by no product",
        f"{tmp_path}/services.yml:1: services[port] the id is used twice, here and at {tmp_path}/more.json:2",
    ]


def test_files_of_one_catalog_agree_on_its_version(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('version: "1"\n' + SMALL)
    (tmp_path / "b.yaml").write_text('# the second\nversion: "2"\n')
    with pytest.raises(CatalogError) as raised:
        load_catalog(tmp_path)
    assert str(raised.value) == f'{tmp_path}/b.yaml:2: version is "2" here and "1" in {tmp_path}/a.yaml'


def test_a_section_that_is_a_list_in_one_file_and_not_in_another_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("services: none\n")
    (tmp_path / "b.yaml").write_text(SMALL)
    with pytest.raises(CatalogError, match='services must be a list, not "none"'):
        load_catalog(tmp_path)


@pytest.mark.parametrize("content", ["", "# nothing yet\n", 'version: "1"\n', "offerings: []\n"])
def test_a_catalog_of_which_nothing_can_be_ordered_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text(content)
    with pytest.raises(CatalogError, match=r"empty.yaml:1: offerings are missing: nothing could be ordered$"):
        load_catalog(tmp_path / "empty.yaml")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "there is no such catalog file or folder (shipped: benchmark-w1, sample)"),
        (".", "the folder has no .yaml, .yml, .json file"),
    ],
)
def test_a_place_without_a_catalog_is_a_finding(place: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as raised:
        load_catalog(tmp_path / place)
    assert str(raised.value).endswith(message)


def test_a_catalog_that_is_sent_is_checked_like_a_file() -> None:
    with pytest.raises(CatalogError) as raised:
        catalog_in_body(b'{"offerings":\n [{"id": "a", "name": "A", "specification": "b"}]}')
    assert str(raised.value) == "the body:2: offerings[a].specification names 'b', which is not a product of this catalog"


# ---- whatever is done to a file, it is a catalog or it has findings

WORDS = [
    "",
    "x",
    "0",
    "-1",
    "null",
    "[]",
    "{}",
    "true",
    "1.5",
    "{eq: 1}",
    "{characteristic: x}",
    "[*test]",
    "sample",
    "{lookup: 1, table: 2}",
    "!x y",
    "&a",
]
ORIGINAL = (SHIPPED / "sample.yaml").read_text().splitlines()


@st.composite
def mutated(draw: st.DrawFn) -> str:
    lines = list(ORIGINAL)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "swap", "word", "indent", "text", "value"])):
            case "drop":
                del lines[at]
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "word":
                parts = lines[at].split(" ")
                parts[draw(st.integers(0, len(parts) - 1))] = draw(st.sampled_from(WORDS))
                lines[at] = " ".join(parts)
            case "value":
                lines[at] = lines[at].partition(":")[0] + ": " + draw(st.sampled_from(WORDS))
            case "indent":
                lines[at] = "  " + lines[at]
            case _:
                lines[at] += draw(st.text(max_size=5))
    return "\n".join(lines)


@examples(40)
@given(text=mutated())
def test_a_mutated_catalog_loads_or_says_what_is_wrong(text: str, tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        published = catalog_document(file)
    except CatalogError as error:
        findings = error.findings
    else:
        findings = []
        assert catalog_from_document(json.loads(json.dumps(published.document))) == load_catalog(file)
    assert all(str(finding).encode() and finding.message for finding in findings)
