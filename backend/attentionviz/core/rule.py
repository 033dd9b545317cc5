"""The rule of a layer: how scores follow from queries and keys, and which keys a query sees.

The score of query i and key j is ``f(scaling * q·k) + bias(j - i)``, where f is a soft cap or
nothing. The softmax is over the visible keys, and over a learned sink if there is one: a key
without vectors, whose score is the same for every query.

A sequence of an encoder-decoder model is two texts, source and target. Each of its rows of heads is
a part: encoder heads have queries and keys of source tokens, decoder heads of target tokens, and
cross heads queries of target and keys of source tokens. Positions count from 0 in each text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.types import HeadId

ROUNDING = 1e-6
"""Numbers of two rules that differ less, relative to the largest, are equal but for rounding."""

MASKS = ("sliding window", "chunks", "bidirectional block")
"""Terms that hide or show keys and leave scores as they are."""


Part = Literal["encoder", "decoder", "cross"]
PART_LETTERS: dict[Part | None, str] = {None: "L", "encoder": "E", "decoder": "D", "cross": "X"}
"""First letter of the name of a row of heads."""

Tokens = NDArray[np.int64]


class Spans(NamedTuple):
    """The tokens with a query and those with a key in each sequence, int64 (n_sequences,) each.

    They are the same, all tokens of the sequence, unless it is of an encoder-decoder model.
    """

    query_start: Tokens
    n_queries: Tokens
    key_start: Tokens
    n_keys: Tokens

    @property
    def queries(self) -> Tokens:
        """Tokens of the corpus that have a query, ascending."""
        return _tokens_of(self.query_start, self.n_queries)

    @property
    def keys(self) -> Tokens:
        """Tokens of the corpus that have a key, ascending."""
        return _tokens_of(self.key_start, self.n_keys)

    def points(self, n_tokens: int) -> Tokens:
        """Return the points of a corpus of so many tokens that a head has: queries, then keys."""
        return np.concatenate([self.queries, n_tokens + self.keys])

    def without_gaps(self) -> "Spans":
        """Return the spans within arrays that hold nothing but these queries, or these keys."""
        firsts = (np.cumsum(n) - n for n in (self.n_queries, self.n_keys))
        query_start, key_start = firsts
        return Spans(query_start, self.n_queries, key_start, self.n_keys)

    def has_query(self, n_tokens: int) -> NDArray[np.bool_]:
        """Return which of so many tokens have a query, bool (n_tokens,)."""
        return _flags(self.queries, n_tokens)

    def has_key(self, n_tokens: int) -> NDArray[np.bool_]:
        """Return which of so many tokens have a key, bool (n_tokens,)."""
        return _flags(self.keys, n_tokens)


class SequenceSpan(NamedTuple):
    """First and end token of the queries and of the keys of one sequence, and of all its tokens."""

    queries: tuple[int, int]
    keys: tuple[int, int]
    tokens: tuple[int, int]

    def placed(self, pattern: NDArray[Any]) -> NDArray[Any]:
        """Return a pattern of the queries and keys as one of all tokens, 0 for all others."""
        start, end = self.tokens
        if self.queries == self.keys == self.tokens:
            return pattern
        whole = np.zeros((end - start, end - start), dtype=pattern.dtype)
        rows, columns = (slice(first - start, stop - start) for first, stop in self[:2])
        whole[rows, columns] = pattern
        return whole


class OffsetBias(NamedTuple):
    """A number added to scores, by the offset of the key: its position minus the query's.

    Attributes
    ----------
    offsets : tuple of int
        Increasing; from the first to the last offset of the longest sequence.
    values : tuple of tuple of float
        [head][offset]; linear between two of the offsets.
    """

    offsets: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]

    def at(self, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the bias of every head at some offsets, float64 (n_heads, *offsets.shape)."""
        first = int(offsets.min())
        each = np.arange(first, int(offsets.max()) + 1)
        table = np.stack([np.interp(each, self.offsets, values) for values in self.values])
        return table[:, offsets - first]


@dataclass(frozen=True)
class ScoreRule:
    """The part of a rule that all heads of a layer share.

    Attributes
    ----------
    scaling : float
        Scores are ``scaling * (q · k)``.
    is_causal : bool
        Whether keys after the query are hidden.
    max_distance : int or None
        Keys at a larger distance, in positions, are hidden (sliding window); None for no limit.
    max_ahead : int or None
        Keys farther after the query are hidden, if that is another limit than `max_distance`.
    chunk : int or None
        Positions of a chunk, counted from the start of the sequence: keys of other chunks are
        hidden; None if all are in one.
    block : tuple of int or None
        Start and end of positions that see each other although the layer is causal, such as the
        patches of an image in a text; None without them.
    softcap : float or None
        Scores are limited to ``softcap * tanh(score / softcap)``, before bias and mask.
    bias : OffsetBias or None
        Added to scores.
    part : "encoder", "decoder", "cross" or None
        Of an encoder-decoder model; None for all other models.
    """

    scaling: float
    is_causal: bool
    max_distance: int | None = None
    max_ahead: int | None = None
    chunk: int | None = None
    block: tuple[int, int] | None = None
    softcap: float | None = None
    bias: OffsetBias | None = None
    part: Part | None = None

    @property
    def terms(self) -> list[str]:
        """Names of what affects attention besides q·k and causality."""
        terms = {
            "sliding window": self.max_distance,
            "chunks": self.chunk,
            "bidirectional block": self.block,
            "soft cap": self.softcap,
            "bias by offset": self.bias,
        }
        return [name for name, term in terms.items() if term is not None]

    @property
    def hides_keys(self) -> bool:
        """Whether there is a mask at all."""
        limits = (self.max_distance, self.max_ahead, self.chunk)
        return self.is_causal or any(limit is not None for limit in limits)

    @property
    def _ahead(self) -> int | None:
        """Largest distance of a key after the query."""
        return self.max_distance if self.max_ahead is None else self.max_ahead

    @property
    def hides_later_keys(self) -> bool:
        """Whether no query sees a key after it."""
        return self.is_causal and self.block is None

    def spans(self, start: Tokens, length: Tokens, n_source: Tokens | None = None) -> Spans:
        """Return where the queries and keys of the heads are in each sequence.

        Parameters
        ----------
        start, length : ndarray of int64, shape (n_sequences,)
            First token and number of tokens of every sequence.
        n_source : ndarray of int64, shape (n_sequences,), or None
            Number of its source tokens, which come first; None without a part.
        """
        if self.part is None or n_source is None:
            return Spans(start, length, start, length)
        source, target = (start, n_source), (start + n_source, length - n_source)
        queries = source if self.part == "encoder" else target
        return Spans(*queries, *(target if self.part == "decoder" else source))

    def span_of(self, start: int, length: int, n_source: int | None = None) -> SequenceSpan:
        """Return where the queries and keys of the heads are in one sequence; see `spans`."""
        source = None if n_source is None else np.array([n_source])
        found = self.spans(np.array([start]), np.array([length]), source)
        first_query, n_queries, first_key, n_keys = (int(numbers[0]) for numbers in found)
        return SequenceSpan(
            (first_query, first_query + n_queries),
            (first_key, first_key + n_keys),
            (start, start + length),
        )

    def visible(self, positions: NDArray[np.int64], n_keys: int) -> NDArray[np.bool_]:
        """Return the keys that the queries at some positions of a text see.

        Parameters
        ----------
        positions : ndarray of int, shape (n_queries,)
        n_keys : int
            Keys from the start of the same text, or of the source for a cross head.

        Returns
        -------
        ndarray of bool, shape (n_queries, n_keys)
        """
        queries, keys = positions[:, None], np.arange(n_keys)[None, :]
        seen = np.ones((len(positions), n_keys), dtype=bool)
        if self.is_causal:
            first, end = self.block or (0, 0)
            is_inside = (first <= queries) & (queries < end) & (first <= keys) & (keys < end)
            seen &= (keys <= queries) | is_inside
        if self.max_distance is not None:
            # The window of a causal layer ends the past; what a block shows of later keys is whole.
            seen &= queries - keys <= self.max_distance
        if self._ahead is not None and not self.is_causal:
            seen &= keys - queries <= self._ahead
        if self.chunk is not None:
            seen &= keys // self.chunk == queries // self.chunk
        return seen

    def span(self, query: int, n_keys: int) -> tuple[int, int]:
        """Return start and end of the keys that the query at a position sees, of `n_keys`."""
        first, end = 0, n_keys
        if self.max_distance is not None:
            first = max(0, query - self.max_distance)
        if self._ahead is not None:
            end = min(end, query + self._ahead + 1)
        if self.is_causal:
            end = min(end, query + 1)
        if self.block is not None and self.block[0] <= query < self.block[1]:
            end = min(n_keys, self.block[1])
        if self.chunk is not None:
            start = query - query % self.chunk
            first, end = max(first, start), min(end, start + self.chunk)
        return first, end


@dataclass(frozen=True)
class HeadRule(ScoreRule):
    """The rule of one head; its bias is of this head alone.

    Attributes
    ----------
    sink : float or None
        Score of the sink; None without one.
    """

    sink: float | None = None

    def scores(
        self, products: NDArray[Any], positions: NDArray[np.int64], first_key: int = 0
    ) -> NDArray[Any]:
        """Turn products of queries and keys into scores, in place, and return them.

        Parameters
        ----------
        products : ndarray of float, shape (..., n_queries, n_keys)
            q·k.
        positions : ndarray of int, shape (n_queries,)
            Of the queries in their sequences.
        first_key : int
            Position of the first of the keys, which follow each other.
        """
        products *= products.dtype.type(self.scaling)
        if self.softcap is not None:
            products /= products.dtype.type(self.softcap)
            np.tanh(products, out=products)
            products *= products.dtype.type(self.softcap)
        if self.bias is not None:
            keys = first_key + np.arange(products.shape[-1])
            products += self.bias.at(keys - positions[:, None])[0].astype(products.dtype)
        return products


@dataclass(frozen=True)
class LayerRule(ScoreRule):
    """The rule of all heads of a layer.

    Attributes
    ----------
    sinks : tuple of float or None
        Score of the sink in each head; None without one.
    """

    sinks: tuple[float, ...] | None = None

    @property
    def terms(self) -> list[str]:
        """Names of what affects attention besides q·k and causality."""
        return super().terms + (["sink"] if self.sinks is not None else [])

    @property
    def formula(self) -> str:
        """The attention in words, with the terms of its scores."""
        return attention_formula(self.terms)

    @property
    def max_length(self) -> int | None:
        """Tokens of the longest sequence whose scores are known; None for no limit."""
        if self.bias is None:
            return None
        n_known = 1 - self.bias.offsets[0]
        limits = [self.max_distance and self.max_distance + 1, self.chunk]
        return None if any(limit and limit <= n_known for limit in limits) else n_known

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Return the rule that an entry of the manifest's ``layers`` describes."""
        bias, sinks = facts.get("bias"), facts.get("sinks")
        return cls(
            scaling=facts["scaling"],
            is_causal=facts["is_causal"],
            max_distance=facts["max_distance"],
            max_ahead=facts.get("max_ahead"),
            chunk=facts.get("chunk"),
            block=facts.get("block") and tuple(facts["block"]),
            softcap=facts.get("softcap"),
            part=facts.get("part"),
            bias=bias and OffsetBias(tuple(bias["offsets"]), tuple(map(tuple, bias["values"]))),
            sinks=sinks and tuple(sinks),
        )

    def facts(self) -> dict[str, Any]:
        """Return the entry of the manifest's ``layers``; terms that there are not are left out."""
        facts: dict[str, Any] = {
            "scaling": self.scaling,
            "is_causal": self.is_causal,
            "max_distance": self.max_distance,
        }
        for name in ("part", "max_ahead", "chunk", "softcap"):
            if getattr(self, name) is not None:
                facts[name] = getattr(self, name)
        if self.block is not None:
            facts["block"] = list(self.block)
        if self.bias is not None:
            values = [_as_float32(values) for values in self.bias.values]
            facts["bias"] = {"offsets": list(self.bias.offsets), "values": values}
        if self.sinks is not None:
            facts["sinks"] = _as_float32(self.sinks)
        return facts

    def is_close(self, other: Self) -> bool:
        """Return whether two rules are the same but for rounding, at offsets known to both."""
        alike = replace(other, scaling=self.scaling, bias=self.bias, sinks=self.sinks)
        return (
            alike == self
            and abs(self.scaling - other.scaling) < ROUNDING
            and _are_close(self.sinks, other.sinks)
            and _are_close(*_at_common_offsets(self.bias, other.bias))
        )

    def of_head(self, head: int) -> HeadRule:
        """Return the rule of one head of the layer."""
        return HeadRule(
            self.scaling,
            self.is_causal,
            self.max_distance,
            self.max_ahead,
            self.chunk,
            self.block,
            self.softcap,
            self.bias and self.bias._replace(values=(self.bias.values[head],)),
            self.part,
            None if self.sinks is None else self.sinks[head],
        )


NO_RULE = LayerRule(scaling=1.0, is_causal=False)
"""In the place of the rule of a layer that has no heads."""


def attention_formula(terms: Iterable[str]) -> str:
    """Return the attention in words, with those of the terms that scores have."""
    of_scores = [term for term in terms if term not in MASKS]
    return "softmax(scaling · q·k)" + (f" with {' and '.join(of_scores)}" if of_scores else "")


def head_rule(manifest: Mapping[str, Any], head: HeadId) -> HeadRule:
    """Return the rule of a head of a dataset."""
    return LayerRule.of(manifest["layers"][head.layer]).of_head(head.head)


def row_name(manifest: Mapping[str, Any], row: int) -> str:
    """Return the name of a row of heads: L3 or, of an encoder-decoder model, E3, D3 or X3.

    The number counts the rows before it, of the same part.
    """
    parts = [rule.get("part") for rule in manifest["layers"][: row + 1]]
    return f"{PART_LETTERS[parts[row]]}{parts[:row].count(parts[row])}"


def _tokens_of(start: Tokens, n: Tokens) -> Tokens:
    """Return the tokens of consecutive spans that are sorted by their start."""
    within = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
    return np.repeat(start, n) + within


def _flags(tokens: Tokens, n_tokens: int) -> NDArray[np.bool_]:
    flags = np.zeros(n_tokens, dtype=bool)
    flags[tokens] = True
    return flags


def _as_float32(values: tuple[float, ...]) -> list[float]:
    """Return the shortest decimals that are the same numbers in float32."""
    return [float(str(value)) for value in np.array(values, dtype=np.float32)]


def _at_common_offsets(*biases: OffsetBias | None) -> list[Any]:
    """Return the values of biases at the offsets that all of them know; None for no bias."""
    ends = [(bias.offsets[0], bias.offsets[-1]) for bias in biases if bias]
    if not ends:
        return [None for _ in biases]
    common = np.arange(max(first for first, _ in ends), min(last for _, last in ends) + 1)
    return [bias and bias.at(common) for bias in biases]


def _are_close(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    one, other = np.asarray(one), np.asarray(other)
    largest = max(1.0, np.abs(one).max(initial=0.0))
    return one.shape == other.shape and bool((np.abs(one - other) <= ROUNDING * largest).all())
