"""A configuration's batching, read and replaced in whatever layout it comes."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.tuning.config_text import read_batching, read_kind, with_batching, with_header
from scripts.tuning.pbtxt import parse
from scripts.tuning.points import Batching, TuningError
from tests.processes import PROJECT

SHIPPED = (PROJECT / "triton_models/capture_quality/config.pbtxt").read_text()

MULTI_LINE = """\
# { instance_group [ { count: 7 } ]
name: "x" max_batch_size:4
instance_group [
  {
    # one per card: count: 9
    kind: KIND_GPU
    count: 1
    gpus: [ 0, 1 ]
  }
]
parameters { key: "text" value { string_value: "instance_group { count: 5 } # no \\" end" } }
dynamic_batching <
  preferred_batch_size: [ 2, 4 ]
  # Wait a little: the cards like it.
  max_queue_delay_microseconds: 100;
>
"""

instance_groups = st.sampled_from(
    [
        "",
        "instance_group [ { kind: KIND_CPU, count: 2 } ]",
        "instance_group { kind: KIND_CPU }",
        "instance_group {kind:KIND_CPU}",
        "instance_group: [{count:2}]",
        "instance_group [\n  {\n    count: 3 # three\n    kind: KIND_CPU\n  }\n]",
    ]
)
dynamic_batchings = st.sampled_from(
    [
        "",
        "dynamic_batching { }",
        "dynamic_batching {}",
        "dynamic_batching: { max_queue_delay_microseconds: 5 }",
        "dynamic_batching { preferred_batch_size: [ 4, 8 ], max_queue_delay_microseconds: 5 }",
        "dynamic_batching { preferred_batch_size: 4 preferred_batch_size: 8 }",
        "dynamic_batching {\n  preferred_batch_size: [ 4 ]\n  preserve_ordering: true\n}",
        "dynamic_batching {\n  # why\n  max_queue_delay_microseconds: 5\n}",
    ]
)
others = st.sampled_from(
    [
        "# count: 1 {",
        'name: "a"',
        'input [ { name: "x", dims: [ 3, -1 ] } ]',
        "",
        "a { b < c: 1 > }",
    ]
)
configs = st.tuples(
    others, st.just("max_batch_size: 8"), others, instance_groups, others, dynamic_batchings
).flatmap(lambda parts: st.permutations(parts).map("\n".join))
batchings = st.builds(Batching, st.integers(1, 64), st.integers(1, 128), st.integers(0, 100_000))
TUNED = ("max_batch_size", "instance_group", "dynamic_batching")


def fixed_fields(text: str) -> list[str]:
    return [text[f.start : f.end] for f in parse(text).fields if f.name not in TUNED]


@given(configs, batchings)
def test_what_is_written_is_read_back_and_nothing_else_changes(
    config: str, batching: Batching
) -> None:
    written = with_batching(config, batching)
    assert read_batching(written) == batching
    assert fixed_fields(written) == fixed_fields(config)
    assert read_kind(written) == read_kind(config)
    assert "preferred_batch_size" not in written
    assert written.count("preserve_ordering") == config.count("preserve_ordering")
    assert with_batching(written, batching) == written


@given(configs)
def test_separators_stay_where_protobuf_allows_them(config: str) -> None:
    assert not re.search(r"[{<\[,;]\s*[,;]", with_batching(config, Batching(1, 2, 3)))


def test_the_shipped_configuration_is_read() -> None:
    assert read_batching(SHIPPED) == Batching(2, 8, 0)
    assert read_kind(SHIPPED) == "KIND_CPU"


def test_the_same_batching_leaves_the_text_as_it_is() -> None:
    assert with_batching(SHIPPED, Batching(2, 8, 0)) == SHIPPED


def test_only_the_lines_of_the_batching_differ() -> None:
    written = with_batching(SHIPPED, Batching(3, 16, 500)).splitlines()
    before = SHIPPED.splitlines()
    assert [line for line in written if line not in before] == [
        "max_batch_size: 16",
        "instance_group [ { kind: KIND_CPU, count: 3 } ]",
        "  max_queue_delay_microseconds: 500",
    ]
    # The reason for waiting for nobody goes with the zero.
    assert [line for line in before if line.startswith("  #")] == [
        "  # Never wait for company: a lone frame is scored at once."
    ]
    assert not [line for line in written if line.startswith("  #")]
    assert len(written) == len(before) - 1


def test_groups_over_several_lines_comments_and_strings_are_told_apart() -> None:
    assert read_batching(MULTI_LINE) == Batching(1, 4, 100)
    assert read_kind(MULTI_LINE) == "KIND_GPU"
    assert with_batching(MULTI_LINE, Batching(3, 32, 0)) == (
        MULTI_LINE.replace("max_batch_size:4", "max_batch_size:32")
        .replace("count: 1\n", "count: 3\n")
        .replace("  preferred_batch_size: [ 2, 4 ]\n", "")
        .replace("  # Wait a little: the cards like it.\n", "")
        .replace("microseconds: 100;", "microseconds: 0;")
    )


def test_the_shipped_profiles_are_all_understood() -> None:
    profiles = sorted(Path(PROJECT / "triton_models/capture_quality/configs").glob("*.pbtxt"))
    assert profiles
    for profile in profiles:
        written = with_batching(profile.read_text(), Batching(5, 7, 11))
        assert read_batching(written) == Batching(5, 7, 11)


def test_the_header_is_made_of_comments() -> None:
    written = with_header(SHIPPED, ["Found today.", "200 frames/s"])
    assert written == f"# Found today.\n# 200 frames/s\n{SHIPPED}"
    assert read_batching(written) == read_batching(SHIPPED)


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("max_batch_size: 0", "takes no batches"),
        ('name: "x"', "takes no batches"),
        ("max_batch_size: many", "no whole number"),
        ("max_batch_size: 1 instance_group [ { count: 1 }, { count: 2 } ]", "Several groups"),
        ("max_batch_size: 1\ninstance_group [ { count: 1 ", "ends"),
        ("max_batch_size: 1\ninput [", "ends"),
        ("max_batch_size:", "ends"),
        ("max_batch_size: 1 }", "Line 1"),
        ("max_batch_size: 1\nname }", "Line 2"),
        ('max_batch_size: 1\n"name": 1', "Line 2"),
        ('max_batch_size: 1\nname: "x', "Line 2"),
        ("max_batch_size 1", "Line 1"),
        ("max_batch_size: 1 a: { b: 1 ]", "Line 1"),
    ],
)
def test_what_is_not_understood_is_said(config: str, complaint: str) -> None:
    with pytest.raises(TuningError, match=complaint):
        with_batching(config, Batching(1, 1, 0))


@given(st.text(alphabet='ab:{}<>[],;#"\\ \n01', max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        fields = parse(text).fields
    except TuningError:
        return
    ends = [0, *(field.end for field in fields)]
    assert all(end <= field.start for end, field in zip(ends, fields, strict=False))
