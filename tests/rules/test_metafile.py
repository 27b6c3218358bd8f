"""Metafiles: what they wish, how they are written, and what is told of broken ones."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageferry.domain.errors import BadInput, FerryError, TooLarge
from imageferry.wire.metafile import MAX_SIZE, Metafile, metafile_text, property_key, read_metafile


def _objects(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.dictionaries(st.text() | st.sampled_from(["properties", "status", "is-public", "Disk_Format"]), inner)


def read(text: str | bytes) -> Metafile:
    return read_metafile(text if isinstance(text, bytes) else text.encode(), what="web.meta")


AS_SYNNEFO_WRITES_IT = """{
  "id": "80d9e9ab-59f5-4eaa-8be6-ba97a7b20226",
  "name": "Debian Base Gama",
  "status": "available",
  "location": "pithos://U1/pithos/debian_base3.diskdump",
  "checksum": "2cf2",
  "size": "5",
  "disk-format": "extdump",
  "container-format": "ovf",
  "created-at": "2013-06-19 08:00:22",
  "updated-at": "2013-06-19 08:01:00",
  "deleted-at": "",
  "is-public": "False",
  "owner": "U1 (alice@example.org)",
  "properties": {"OS": "Linux", "ROOT-PARTITION": 1, "gui": true}
}"""


def test_every_wish_of_a_file_counts_and_what_is_information_does_not() -> None:
    assert read(AS_SYNNEFO_WRITES_IT) == Metafile(
        disk_format="extdump",
        container_format="ovf",
        status="available",
        public=False,
        properties={"os": "Linux", "root_partition": "1", "gui": "true"},
    )


def test_the_smallest_file_of_other_tools_is_enough() -> None:
    assert read('{"properties": {"OSFAMILY": "linux"}, "disk-format": "diskdump"}') == Metafile(
        disk_format="diskdump", properties={"osfamily": "linux"}
    )
    assert read("{}") == Metafile()


def test_keys_may_be_written_in_any_case_and_a_byte_order_mark_is_no_trouble() -> None:
    assert read(b"\xef\xbb\xbf" + b'{"Disk_Format": "raw", "IS-PUBLIC": true, "Status": null}') == Metafile(
        disk_format="raw", public=True
    )


def test_a_key_that_means_nothing_is_told_of() -> None:
    assert read('{"propertys": "x", "Min-Disk": 3}').unknown == ("propertys", "Min-Disk")


def test_numbers_stay_as_they_are_written() -> None:
    huge = "9" * 20_000
    assert read(f'{{"properties": {{"a": 1.10, "b": {huge}, "c": 1e999}}}}').properties == {
        "a": "1.10",
        "b": huge,
        "c": "1e999",
    }


@pytest.mark.parametrize(
    ("word", "public"), [("True", True), ("yes", True), ("1", True), ("off", False), ("", False), ("False", False)]
)
def test_truth_has_many_words(word: str, public: bool) -> None:
    assert read(json.dumps({"is-public": word})).public is public


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "line 1, column 1", "JSON"),
        ("[]", "line 1, column 1", "one JSON object"),
        ('\n  "text"', "line 2, column 3", "one JSON object"),
        ("null", "line 1, column 1", "one JSON object"),
        ('{\n  "status": "a"\n  "name": "b"\n}', "line 3, column 3", "delimiter"),
        ('{"a": 1} {"b": 2}', "line 1, column 10", "Extra data"),
        ('{"a": "x\ny"}', "line 1, column 9", "control character"),
        ('{"a": "x\0y"}', "line 1, column 9", "control character"),
        ("{'a': 1}", "line 1, column 2", "double quotes"),
        ('{"a": 01}', "line 1, column 8", "delimiter"),
        ('{\n "status":\n  ["available"]}', "line 2, column 2", "found 'a list'"),
        ('{"x": {"properties": 1},\n "status": 1}', "line 1, column 2", "found 'an object'"),
        ('{"size": NaN}', "line 1, column 2", "found 'NaN'"),
        ('{"properties": {"a": 1, "b": -Infinity}}', "line 1, column 25", "found '-Infinity'"),
        ('{"properties": [1]}', "line 1, column 2", "properties to be an object"),
        ('{"properties": "a"}', "line 1, column 2", "properties to be an object"),
        ('{"properties": {\n"a": {}}}', "line 2, column 1", "found 'an object'"),
        ('{"properties": {"a":[{"c":1}]}}', "line 1, column 17", "found 'a list'"),
        ('{"a": "{", "properties": {"b": "}", "b c": 1}}', "line 1, column 37", "without blanks"),
        ('{"properties": {"": 1}}', "line 1, column 17", "without blanks"),
        ('{"properties": {"a\\u0000": 1}}', "line 1, column 17", "without blanks"),
        ('{"properties": {"a\\nb: c": 1}}', "line 1, column 17", "without blanks"),
        ('{"properties": {"OS": 1,\n "os": 2}}', "line 2, column 2", "each key once (it is there before as 'OS')"),
        ('{"disk-format": 1, "Disk_Format": 2}', "line 1, column 20", "each key once"),
        ('{"status": "a", "status": "a"}', "line 1, column 17", "each key once"),
        ('{"properties": {}, "properties": {"a": 1}}', "line 1, column 20", "each key once"),
        ('{"is-public": "perhaps"}', "line 1, column 2", "true or false"),
        ('{"status": "a\\u0000b"}', "line 1, column 2", "without NUL"),
        ('{"status": "\\ud800"}', "line 1, column 2", "halves of characters"),
        (b'{"status":\n "\xff"}', "line 2, column 3", "UTF-8"),
        ("{}".encode("utf-16"), "line 1, column 1", "UTF-8"),
    ],
)
def test_a_broken_file_is_refused_with_line_and_column(text: str | bytes, place: str, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(text)
    sentence = str(refused.value)
    assert f"metafile web.meta, {place}: expected " in sentence
    assert words in sentence


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"properties": {"a": [', '["'])
def test_a_file_nested_beyond_reason_is_refused(opening: str) -> None:
    with pytest.raises(BadInput, match="line 1, column"):
        read(opening * (100_000 if len(opening) < 9 else 40_000))


def test_a_file_of_ten_megabytes_is_refused_before_it_is_read() -> None:
    started = time.process_time()
    with pytest.raises(TooLarge, match=r"metafile web\.meta"):
        read(b'{"properties": {"a": "' + b"x" * (10 << 20) + b'"}}')
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("filling", ['"a":', '"\\"', '"\\', "{", "\n", '"a": 1,'])
def test_the_largest_files_are_judged_in_no_time(filling: str) -> None:
    text = '{"properties": {' + filling * ((MAX_SIZE - 100) // len(filling)) + '"z": []}}'
    started = time.process_time()
    with pytest.raises(FerryError):
        read(text)
    assert time.process_time() - started < 3


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_whatever_stands_in_a_file_is_read_or_refused(data: bytes) -> None:
    with suppress(BadInput):
        read(data)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | _objects(inner))
)
def test_whatever_json_there_is_is_read_or_refused(document: object) -> None:
    with suppress(BadInput):
        read(json.dumps(document))


def test_what_is_written_is_as_documented() -> None:
    text = metafile_text({"id": "IMG", "name": "é\n", "is-public": "False"}, {"root_partition": "1", "os": "Linux"})
    document = json.loads(text)
    assert list(document) == [
        *("id", "name", "status", "location", "checksum", "size", "disk-format", "container-format"),
        *("created-at", "updated-at", "deleted-at", "is-public", "owner", "properties"),
    ]
    assert document["properties"] == {"OS": "Linux", "ROOT_PARTITION": "1"}
    assert all(isinstance(value, str) for key, value in document.items() if key != "properties")
    assert text.endswith("}\n")


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_.]{0,9}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    )
)
def test_what_was_written_is_read_again(properties: dict[str, str]) -> None:
    text = metafile_text({"status": "available", "disk-format": "diskdump", "is-public": "True"}, properties)
    assert read(text) == Metafile(
        disk_format="diskdump", container_format="", status="available", public=True, properties=properties
    )


def test_property_keys_are_compared_without_case_and_hyphens() -> None:
    assert property_key("ROOT-Partition") == "root_partition"
