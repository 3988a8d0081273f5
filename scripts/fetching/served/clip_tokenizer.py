"""CLIP's byte pairs: text into the numbers that its text tower reads. Without any package.

Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016;
Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.
"""

import functools
import itertools
import json
import unicodedata
from pathlib import Path

_START, _END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"
# Split from the word before them.
_CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


class ClipTokenizer:
    """
    Args:
        vocabulary: a JSON file, piece → number.
        merges: a line per pair of pieces that become one, the most frequent first.
        length: of every answer; what is over is cut off, what is missing filled with the end.
    """

    def __init__(self, vocabulary: Path, merges: Path, length: int) -> None:
        self._numbers: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))
        lines = merges.read_text(encoding="utf-8").splitlines()
        pairs = [tuple(line.split()) for line in lines if not line.startswith("#version")]
        self._ranks = {pair: rank for rank, pair in enumerate(pairs) if len(pair) == 2}
        self._length = length
        self._end = self._numbers[_END]

    def encode(self, text: str) -> "list[int]":
        """Exactly `length` numbers."""
        pieces = [piece for word in words(text) for piece in self._pieces(word)]
        numbers = [self._numbers.get(piece, self._end) for piece in pieces][: self._length - 2]
        whole = [self._numbers[_START], *numbers, self._end]
        return whole + [self._end] * (self._length - len(whole))

    def _pieces(self, word: str) -> "list[str]":
        """Merge the word's bytes, the most frequent pair first, until no known pair is left."""
        letters = [_byte_letters()[byte] for byte in word.encode("utf-8")]
        pieces = [*letters[:-1], letters[-1] + _WORD_END]
        while True:
            ranked = [
                (self._ranks[pair], i)
                for i, pair in enumerate(itertools.pairwise(pieces))
                if pair in self._ranks
            ]
            if not ranked:
                return pieces
            _, at = min(ranked)
            first, second = pieces[at], pieces[at + 1]
            merged: list[str] = []
            for piece in pieces:
                if merged and merged[-1] == first and piece == second:
                    merged[-1] = first + second
                else:
                    merged.append(piece)
            pieces = merged


def words(text: str) -> "list[str]":
    """Runs of letters, single digits, and runs of anything else, in lower case."""
    text = " ".join(unicodedata.normalize("NFC", text).split()).lower()
    found, start = [], 0
    while start < len(text):
        end = _word_end(text, start)
        if not text[start].isspace():
            found.append(text[start:end])
        start = end
    return found


def _word_end(text: str, start: int) -> int:
    for contraction in _CONTRACTIONS:
        if text.startswith(contraction, start):
            return start + len(contraction)
    kind, end = _kind(text[start]), start + 1
    while kind not in "N " and end < len(text) and _kind(text[end]) == kind:
        end += 1
    return end


def _kind(character: str) -> str:
    """L for a letter, N for a digit, a space, or o for anything else."""
    if character.isspace():
        return " "
    category = unicodedata.category(character)[0]
    return category if category in "LN" else "o"


@functools.cache
def _byte_letters() -> "dict[int, str]":
    """A visible letter for each byte: its own where it has one, else one past Latin-1."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {
        byte: chr(256 + i) for i, byte in enumerate(hidden)
    }
