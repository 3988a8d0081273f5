"""CLIP's byte pairs, worked out by hand; against the library's own they are held elsewhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.fetching.served.clip_tokenizer import ClipTokenizer, words

VOCABULARY = ["l", "o", "w", "w</w>", "e", "r</w>", "lo", "low</w>", "lowe", "low", "s</w>", "'",
              "'s</w>", "<|startoftext|>", "<|endoftext|>"]  # fmt: skip
MERGES = ["#version: 0.2", "l o", "lo w</w>", "lo w", "low e", "' s</w>"]
START, END = 13, 14


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> ClipTokenizer:
    folder = tmp_path_factory.mktemp("vocabulary")
    (folder / "vocab.json").write_text(json.dumps({p: i for i, p in enumerate(VOCABULARY)}))
    (folder / "merges.txt").write_text("\n".join(MERGES))
    return ClipTokenizer(folder / "vocab.json", folder / "merges.txt", 8)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("low", [START, 7, END, END, END, END, END, END]),
        ("  LOW\n lower ", [START, 7, 8, 5, END, END, END, END]),
        ("low's", [START, 7, 12, END, END, END, END, END]),
        ("", [START, *[END] * 7]),
        ("low " * 20, [START, *[7] * 6, END]),
    ],
)
def test_pieces_are_merged_the_most_frequent_first(
    tokenizer: ClipTokenizer, text: str, numbers: list[int]
) -> None:
    assert tokenizer.encode(text) == numbers


@given(st.text(max_size=60))
def test_any_text_has_as_many_numbers_as_there_is_room(tokenizer: ClipTokenizer, text: str) -> None:
    numbers = tokenizer.encode(text)
    assert len(numbers) == 8
    assert numbers[0] == START
    assert numbers[-1] == END


def test_words_are_letters_single_digits_and_the_rest() -> None:
    assert words("A high-visibility vest, 24/7: don't!") == [
        "a", "high", "-", "visibility", "vest", ",", "2", "4", "/", "7", ":", "don", "'t", "!",
    ]  # fmt: skip
