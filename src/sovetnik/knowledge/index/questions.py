"""From a customer's question to weighted terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sovetnik.knowledge.index.bm25 import ROOTS, Bm25, Vocabulary
from sovetnik.knowledge.index.synonyms import RELATED, SPOKEN
from sovetnik.knowledge.index.words import STOP, normal, root, stem, words

SYNONYM = 0.4
SLIP = 0.7
"""What a synonym and a guessed word count against the word itself."""

_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`", "йцукенгшщзхъфывапролджэячсмитьбюе"
_TO_RUSSIAN = str.maketrans(*_KEYS)
_TO_ENGLISH = str.maketrans(_KEYS[1], _KEYS[0])


class Slips:
    """Finds what an unknown word was meant to be, among the words of the documents."""

    def __init__(self, vocabulary: Vocabulary, bm25: Bm25) -> None:
        self._bm25 = bm25
        self._words = [w for w in [*vocabulary.seen, *RELATED] if len(w) >= 4 and w[0].isalpha()]
        self._by_trigram: dict[str, list[int]] = defaultdict(list)
        for number, word in enumerate(self._words):
            for trigram in _trigrams(word):
                self._by_trigram[trigram].append(number)

    def knows(self, word: str) -> bool:
        """Whether the word, or its root, stands in a document or has synonyms."""
        stemmed, start = stem(word), root(word)
        return (
            self._bm25.holds(stemmed) or stemmed in RELATED or (start is not None and self._bm25.holds(start))
        )

    def meant(self, word: str) -> list[str]:
        """Known words that an unknown one may be, the likeliest first; at most three."""
        if len(word) < 4 or not word[0].isalpha():
            return []
        for table in (_TO_RUSSIAN, _TO_ENGLISH):  # typed with the other keyboard switched on
            other = word.translate(table)
            if other != word and other.isalpha() and self._bm25.holds(stem(other)):
                return [other]
        return self._near(word)

    def _near(self, word: str) -> list[str]:
        shared: dict[int, int] = defaultdict(int)
        mine = _trigrams(word)
        for trigram in mine:
            for number in self._by_trigram.get(trigram, ()):
                shared[number] += 1
        most = 1 if len(word) < 7 else 2
        near = [
            (distance, -count, self._words[n])
            for n, count in shared.items()
            if count * 4 >= len(mine) and abs(len(self._words[n]) - len(word)) <= most
            if (distance := _distance(word, self._words[n], most)) <= most
        ]
        return [found for _, _, found in sorted(near)[:3]]


def spoken(query: str) -> str:
    """A question with messenger words written out."""
    return " ".join(SPOKEN.get(word.strip(".,!?()"), word) for word in normal(query).split())


def terms(query: str, slips: Slips) -> list[tuple[str, float]]:
    """Terms of a question with their weights."""
    return list(_terms(words(spoken(query)), slips))


def asked(query: str, slips: Slips) -> float:
    """The share of a question's words that the documents, or our synonyms, know."""
    said = [word for word in words(spoken(query)) if word not in STOP]
    return sum(slips.knows(word) for word in said) / max(len(said), 1)


def _terms(said: Iterable[str], slips: Slips) -> Iterator[tuple[str, float]]:
    for word in said:
        if word in STOP:
            continue
        meant = [(word, 1.0)]
        if not slips.knows(word):
            meant += [(guess, SLIP) for guess in slips.meant(word)]
        for each, weight in meant:
            yield from _expanded(each, weight)


def _expanded(word: str, weight: float) -> Iterator[tuple[str, float]]:
    stemmed = stem(word)
    yield stemmed, weight
    start = root(word)
    if start is not None:
        yield start, weight * ROOTS
    for other in RELATED.get(stemmed, ()):
        yield other, weight * SYNONYM


def _trigrams(word: str) -> set[str]:
    padded = f"^{word}$"
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _distance(one: str, other: str, most: int) -> int:
    """Edits between words: a letter in, out, changed, or two swapped; above ``most`` any number above it."""
    before, row = list[int](), list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            cost = min(row[-1] + 1, before[j] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
