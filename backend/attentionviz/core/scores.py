"""The table of head scores: description, formula, source. All other lists follow.

A is the pattern of one sequence, [query, key], over visible keys; v the number of keys that a
query sees; key 0 the first token of a sequence. A mean is over rows (queries) of the whole corpus.
Unless the formula says otherwise, a row counts only where the query sees a key of the kind in
question and another key as well: with a single visible key, the weight is always 1. Special tokens
are never copies of each other.

The definition of a name never changes. A score with a changed definition gets a new name, and the
old entry moves to `FORMER_SCORES`, since datasets keep the values that they were built with.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from attentionviz.core.types import Modality


class ScoreFacts(NamedTuple):
    """Label, description and range of a score.

    Attributes
    ----------
    label : str
        Name on screen; ends in "(ours)" if a paper measures the same thing differently.
    help : str
        One sentence: what a large value means.
    formula : str
        In plain Unicode.
    source : str
        The paper with this definition; else "ours", and the paper that it follows.
    modality : "text", "image", "image-text" or None
        What it is of: words, patches, or both together; None for any token. A dataset of images
        and texts has the scores of words and of patches, too.
    low, high : float or None
        Ends of its range; None if unbounded.
    unit : str
    until : str or None
        Last version whose builds computed it; None for one that is computed today.
    scale : "linear" or "log"
        Of colours and histograms; "log" for ratios.
    terms : tuple of str
        Terms of attention (``bias_terms`` of the manifest) of which a model must have one; empty
        for a score of every model.
    needs_pairs : bool
        Whether only datasets with labelled pairs have it.
    texts : 1, 2 or None
        1 if queries and keys must be of one text, so that cross heads have no value; 2 if of two,
        so that only these have one, in datasets of encoder-decoder models; None for either.
    """

    label: str
    help: str
    formula: str
    source: str
    modality: Modality | None = "text"
    low: float | None = 0.0
    high: float | None = 1.0
    unit: str = "share"
    until: str | None = None
    scale: Literal["linear", "log"] = "linear"
    terms: tuple[str, ...] = ()
    needs_pairs: bool = False
    texts: Literal[1, 2] | None = None

    def is_of(self, modality: Modality) -> bool:
        """Return whether datasets of a modality have this score."""
        return self.modality in (None, modality) or (
            modality == "image-text" and self.modality in ("text", "image")
        )

    @property
    def defined_by(self) -> str:
        """Short source: authors and year of a paper, or "ours"."""
        return re.split(r"[,;:(]", self.source)[0].strip()


_CLARK = "Clark et al. 2019 (arXiv 1906.04341)"
_OLSSON = "Olsson et al. 2022 (arXiv 2209.11895)"
_VIG = "Vig and Belinkov 2019 (arXiv 1906.04284)"
_RAO = "Rao et al. 2021 (doi 10.1101/2020.12.15.422761)"
_WANG = "Wang et al. 2022 (arXiv 2211.00593)"
_OURS = "ours"

# In the order of the menus.
SCORE_FACTS: dict[str, ScoreFacts] = {
    "previous": ScoreFacts(
        "Previous token",
        "How much of its attention a token pays to the token before it.",
        "mean of A[i, i−1]",
        _CLARK,
        texts=1,
    ),
    "next": ScoreFacts(
        "Next token",
        "How much of its attention a token pays to the token after it.",
        "mean of A[i, i+1]",
        _CLARK,
        texts=1,
    ),
    "self": ScoreFacts(
        "Itself",
        "How much of its attention a token or patch pays to itself.",
        "mean of A[i, i]",
        _CLARK,
        None,
        texts=1,
    ),
    "first": ScoreFacts(
        "First token",
        "How much of their attention other tokens pay to the first token, the attention sink of "
        "many heads.",
        "mean of A[i, 0], i > 0",
        "ours, of the attention sinks of Xiao et al. 2023 (arXiv 2309.17453)",
    ),
    "special": ScoreFacts(
        "Special tokens",
        "How much attention goes to special tokens, such as [CLS] and [SEP].",
        "mean of Σ A[i, j] over special j",
        f"ours, after {_CLARK}, who tell [CLS] and [SEP] apart",
    ),
    "punctuation": ScoreFacts(
        "Punctuation",
        "How much attention goes to tokens that consist of punctuation and symbols only.",
        "mean of Σ A[i, j] over punctuation j",
        f"ours, after {_CLARK}, who count full stops and commas",
    ),
    "duplicate": ScoreFacts(
        "Duplicate token",
        "How much attention a repeated token pays to its own earlier copies.",
        "mean of Σ A[i, j] over j < i with token j = token i",
        f"ours, of the duplicate token heads of {_WANG}",
        texts=1,
    ),
    "induction": ScoreFacts(
        "Induction",
        "How much attention a repeated token pays to the tokens after its earlier copies.",
        "mean of Σ A[i, j+1] over j < i−1 with token j = token i",
        f"ours, of the induction heads of {_OLSSON}; their number is prefix matching",
        texts=1,
    ),
    "reverse_induction": ScoreFacts(
        "Reverse induction",
        "How much attention a repeated token pays to the tokens before its earlier copies.",
        "mean of Σ A[i, j−1] over 1 < j < i with token j = token i, token j−1 not special",
        _OURS,
        texts=1,
    ),
    "attention_entropy": ScoreFacts(
        "Entropy",
        "How evenly the attention outside of the first token is spread: 0 for a single key, ln n "
        "for n equal keys.",
        "mean of −Σ B[i, j] ln B[i, j] over j > 0, B[i, j] = A[i, j] ÷ (1 − A[i, 0]), over rows "
        "with A[i, 0] ≤ 0.9",
        f"{_VIG}, eq. 7",
        high=None,
        unit="nats",
    ),
    "entropy": ScoreFacts(
        "Normalised entropy (ours)",
        "How evenly attention is spread: 0 for a single key, 1 for equal weights of all visible "
        "keys.",
        "mean of −Σ A[i, j] ln A[i, j] ÷ ln v, v > 1",
        "ours, the entropy of Ghader and Monz 2017 (arXiv 1710.03348) over its largest value",
        None,
    ),
    "mean_distance": ScoreFacts(
        "Mean distance",
        "How far away the attended keys are, without attention to the first token.",
        "Σ A[i, j]·|i−j| ÷ Σ A[i, j], both over all rows and all j > 0; a query that sees no later "
        "keys has |i−j| = i−j, as in the paper",
        f"{_VIG}, eq. 6",
        high=None,
        unit="tokens",
        texts=1,
    ),
    "variance_of_distance": ScoreFacts(
        "Variance of distance",
        "How much that distance varies: 0 for a head that always attends at the same distance.",
        "Σ A[i, j]·(i−j)² ÷ Σ A[i, j] − mean distance², sums over all rows and all j > 0",
        f"ours, over the weights of {_VIG}, eq. 6",
        high=None,
        unit="tokens²",
        texts=1,
    ),
    "content_dependence": ScoreFacts(
        "Attention variability",
        "How much the pattern depends on content, that is, differs between sequences: 0 for a head "
        "that depends on position only.",
        "Σ |A[i, j] − mean A[i, j]| ÷ 2 Σ A[i, j], the mean over the sequences that have both "
        "positions; first 10 positions of text or 1,024 of images; without key 0, the rest not "
        "renormalised, and without pairs of positions that one sequence alone has",
        f"{_VIG}, eq. 5",
        None,
    ),
    "sparsity": ScoreFacts(
        "Keys for 90 %",
        "How many keys hold 90 % of a query's attention; few means a sparse pattern.",
        "mean of the least n whose n largest A[i, j] sum to 0.9",
        _OURS,
        None,
        low=1.0,
        high=None,
        unit="keys",
    ),
    "norm_ratio": ScoreFacts(
        "Norm ratio",
        "Length of the queries of a head relative to its keys: above 1 the queries are longer, "
        "below 1 the keys.",
        "median ‖q‖ ÷ median ‖k‖ over all tokens, before alignment",
        "ours, of the norms that Yeh et al. 2023 (arXiv 2305.03210) compare",
        None,
        high=None,
        unit="times",
        scale="log",
    ),
    "diagonality": ScoreFacts(
        "Diagonal alignment",
        "How near attention is to the diagonal, where a token attends to the same share of the "
        "other text: 1 on it.",
        "mean of Σ A[i, j]·exp(−(i/n − j/m)² ÷ 0.08), n and m the tokens of the two texts",
        "ours, one minus the guided attention loss of Tachibana et al. 2017 (arXiv 1710.08969)",
        texts=2,
    ),
    "precision_at_l": ScoreFacts(
        "Precision at L",
        "Of the L pairs of tokens with the highest attention, the share that is labelled as pairs; "
        "L is the number of tokens of the sequence.",
        "mean over sequences of hits ÷ L in the L largest S[i, j] − s[i]·s[j] ÷ Σ s, j − i ≥ 6, "
        "S = A + Aᵀ without special tokens, s its row sums",
        _RAO,
        needs_pairs=True,
        texts=1,
    ),
    "same_row": ScoreFacts(
        "Same row",
        "Of the attention that patches pay to other patches, the share in their own row.",
        "Σ A[i, j] over j ≠ i in the row of i ÷ Σ A[i, j] over j ≠ i, patches only",
        _OURS,
        "image",
    ),
    "same_column": ScoreFacts(
        "Same column",
        "Of the attention that patches pay to other patches, the share in their own column.",
        "Σ A[i, j] over j ≠ i in the column of i ÷ Σ A[i, j] over j ≠ i, patches only",
        _OURS,
        "image",
    ),
    "patch_distance": ScoreFacts(
        "Patch distance",
        "How far away the attended patches are from the query's.",
        "Σ A[i, j]·‖place of i − place of j‖ ÷ Σ A[i, j] over j ≠ i, patches only",
        "ours, after the attention distance of Dosovitskiy et al. 2021 (arXiv 2010.11929)",
        "image",
        high=None,
        unit="patches",
    ),
    "class_token": ScoreFacts(
        "Class token",
        "How much of its attention a patch pays to the class token.",
        "mean of A[i, class token] over patches i",
        _OURS,
        "image",
    ),
    "hue_similarity": ScoreFacts(
        "Similar hue",
        "How much closer in hue the attended patches are than by chance: 1 for the same hue, 0 for "
        "chance, below 0 for other hues.",
        "1 − Σ A[i, j]·d[i, j] ÷ Σ A[i, j]·(mean of d[i, k] over k ≠ i), d the angle between "
        "hues, j ≠ i, patches that have a hue",
        _OURS,
        "image",
        low=None,
        unit="above chance",
    ),
    "brightness_similarity": ScoreFacts(
        "Similar brightness",
        "How much closer in brightness the attended patches are than by chance: 1 for the same, "
        "0 for chance, below 0 for other brightness.",
        "1 − Σ A[i, j]·d[i, j] ÷ Σ A[i, j]·(mean of d[i, k] over k ≠ i), d the difference of "
        "brightness, j ≠ i, patches",
        _OURS,
        "image",
        low=None,
        unit="above chance",
    ),
    "words_to_patches": ScoreFacts(
        "Words to patches",
        "How much of their attention words pay to the patches of their image.",
        "mean of Σ A[i, j] over patches j, over words i that are no special tokens",
        _OURS,
        "image-text",
    ),
    "patches_to_words": ScoreFacts(
        "Patches to words",
        "How much of their attention patches pay to words, which in a causal model are only those "
        "before the image.",
        "mean of Σ A[i, j] over words j that are no special tokens, over patches i",
        _OURS,
        "image-text",
    ),
    "sink_patch": ScoreFacts(
        "Sink patch",
        "Of the attention that words pay to patches, the share of the most attended patch: 1 if "
        "all words attend to one patch, 1 ÷ number of patches if to all alike.",
        "mean over sequences of max over j of S[j] ÷ Σ S, S[j] the sum of A[i, j] over words i "
        "that are no special tokens, j patches",
        "ours, of the visual attention sinks of Kang et al. 2025 (arXiv 2503.03321)",
        "image-text",
    ),
    "prefix_matching": ScoreFacts(
        "Prefix matching",
        "On 25 random tokens repeated four times: attention to each token that follows an earlier "
        "copy of the query; a head that attends to one of them in every row reaches 0.5.",
        "mean of A[i, j] over all pairs where token j−1 is an earlier copy of token i, in models "
        "that see later keys, too; 10 sequences after the model's start token, if it has one, of "
        "plain words without the first and last tenth in the order of the vocabulary, which in "
        "most is that of frequency",
        f"{_OLSSON}, appendix, as corrected on 2022-09-20",
        high=0.5,
        texts=1,
    ),
    "probe_induction": ScoreFacts(
        "Induction on random tokens (ours)",
        "On repeated random tokens: attention from the repeat to the token after its first copy.",
        "mean of A[i, i−p+1] over the repeat, p its length",
        f"ours, after the prefix matching of {_OLSSON}",
        texts=1,
    ),
    "probe_previous": ScoreFacts(
        "Previous on random tokens (ours)",
        "On repeated random tokens: attention to the previous token.",
        "mean of A[i, i−1]",
        f"ours, of the previous token heads of {_OLSSON}",
        texts=1,
    ),
    "probe_duplicate": ScoreFacts(
        "Duplicate on random tokens (ours)",
        "On repeated random tokens: attention from the repeat to its first copy.",
        "mean of A[i, i−p] over the repeat, p its length",
        f"ours, of the duplicate token heads of {_WANG}",
        texts=1,
    ),
    "sink_mass": ScoreFacts(
        "Sink",
        "How much attention goes to the sink, a learned key that stands for no token.",
        "mean of 1 − Σ A[i, j]",
        "ours, of the sinks of Xiao et al. 2023 (arXiv 2309.17453), section 3.3",
        None,
        terms=("sink",),
    ),
    "variance_beyond_qk": ScoreFacts(
        "Score variance beyond q·k",
        "How much of the differences between a query's scores is not explained by q·k but by a "
        "bias or a soft cap, which no map shows.",
        "1 − r², r the correlation of the scores with q·k over all visible pairs, the mean of each "
        "row subtracted from both",
        _OURS,
        None,
        terms=("bias by offset", "soft cap"),
    ),
}

PROBE_SCORES = ("prefix_matching", "probe_induction", "probe_previous", "probe_duplicate")
"""Scores measured on random tokens; all others are measured on the corpus."""

FORMER_SCORES: dict[str, ScoreFacts] = {
    "distance": ScoreFacts(
        "Distance (until 0.3.1)",
        "How far away the attended keys are, including the first token: largest where that is an "
        "attention sink.",
        "mean of Σ A[i, j]·|i−j|",
        _OURS,
        high=None,
        unit="tokens",
        until="0.3.1",
    ),
    "distance_variance": ScoreFacts(
        "Variance of distance (until 0.3.1)",
        "How much that distance varies, including attention to the first token.",
        "mean of Σ A[i, j]·|i−j|² − (mean of Σ A[i, j]·|i−j|)²",
        _OURS,
        high=None,
        unit="tokens²",
        until="0.3.1",
    ),
}
"""Scores that only datasets of earlier versions have."""

ALL_SCORES = SCORE_FACTS | FORMER_SCORES


def scores_of(
    terms: Iterable[str],
    *,
    has_pairs: bool = False,
    modality: Modality = "text",
    has_two_texts: bool = False,
) -> dict[str, ScoreFacts]:
    """Return the scores of a dataset.

    Parameters
    ----------
    terms : iterable of str
        Terms of the model's attention besides q·k.
    has_pairs : bool
        Whether the dataset has labelled pairs.
    modality : str
        Only datasets of images and texts have the scores of both together.
    has_two_texts : bool
        Whether it is of an encoder-decoder model.
    """
    present = set(terms)
    return {
        name: facts
        for name, facts in SCORE_FACTS.items()
        if (facts.modality != "image-text" or facts.is_of(modality))
        and (not facts.terms or present.intersection(facts.terms))
        and (has_pairs or not facts.needs_pairs)
        and (has_two_texts or facts.texts != 2)
    }


class HeadName(NamedTuple):
    """When a head is named after a score.

    Attributes
    ----------
    label : str
        The name.
    threshold : float
        Minimum of the score.
    reason : str
        Why this threshold: one sentence.
    """

    label: str
    threshold: float
    reason: str


NAME_MIN_ROWS = 30
"""Minimum number of rows for a name: the standard error of a mean of shares is then below 0.1."""

_MAJORITY = 0.5  # no other key can have more
_HALF = "More than half of the attention goes there, so no other key has as much."
_HALF_OF_CHANCE = "The attended patches differ less than half as much as expected by chance."

# Of equal scores, the first in this order names the head.
HEAD_NAMES: dict[str, HeadName] = {
    "previous": HeadName(
        "previous token", _MAJORITY, f"{_HALF} {_CLARK} single out heads by the same half."
    ),
    "next": HeadName(
        "next token", _MAJORITY, f"{_HALF} {_CLARK} single out heads by the same half."
    ),
    "probe_induction": HeadName(
        "induction", _MAJORITY, f"{_HALF} Random tokens give no other reason to attend there."
    ),
    "probe_duplicate": HeadName(
        "same token", _MAJORITY, f"{_HALF} Random tokens give no other reason to attend there."
    ),
    "self": HeadName("itself", _MAJORITY, _HALF),
    "first": HeadName("first token", _MAJORITY, _HALF),
    "special": HeadName("special tokens", _MAJORITY, _HALF),
    "punctuation": HeadName("punctuation", _MAJORITY, _HALF),
    "class_token": HeadName("class token", _MAJORITY, _HALF),
    "same_row": HeadName("same row", _MAJORITY, f"{_HALF} Chance is one over the number of rows."),
    "same_column": HeadName(
        "same column", _MAJORITY, f"{_HALF} Chance is one over the number of columns."
    ),
    "hue_similarity": HeadName("similar hue", 0.5, _HALF_OF_CHANCE),
    "brightness_similarity": HeadName("similar brightness", 0.5, _HALF_OF_CHANCE),
}
"""Names of heads by score. A head gets the name whose score is highest, or none."""
