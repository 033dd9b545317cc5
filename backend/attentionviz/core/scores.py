"""Every head score once: its words, its formula, where it comes from. All other lists follow.

A is the pattern of one sequence, [query, key], over visible keys; v the number of keys that a
query sees. A mean is over rows (queries) of the whole corpus. A row counts only where the query
sees a key of the kind in question and another one as well: where there is no choice, its weight
says nothing of the head. Special tokens are never copies of each other.
"""

from typing import NamedTuple

from attentionviz.core.types import Modality


class ScoreFacts(NamedTuple):
    """What the program says of a score.

    Attributes
    ----------
    label : str
        Name on screen.
    help : str
        One sentence: what a large value means.
    formula : str
        In plain Unicode.
    source : str
        Who defined it, or that it is the project's own.
    modality : "text", "image" or None
        What it is defined for; None for both.
    low, high : float or None
        Ends of its range; None where there is no fixed end.
    unit : str
    """

    label: str
    help: str
    formula: str
    source: str
    modality: Modality | None = "text"
    low: float | None = 0.0
    high: float | None = 1.0
    unit: str = "share"


_CLARK = "Clark et al. 2019 (arXiv 1906.04341)"
_OLSSON = "Olsson et al. 2022 (arXiv 2209.11895)"
_VIG = "Vig and Belinkov 2019 (arXiv 1906.04284)"
_OWN = "AttentionViz"

# In the order in which a viewer sees them.
SCORE_FACTS: dict[str, ScoreFacts] = {
    "previous": ScoreFacts(
        "Previous token",
        "How much of its attention a token pays to the token before it.",
        "mean of A[i, i−1]",
        _CLARK,
    ),
    "next": ScoreFacts(
        "Next token",
        "How much of its attention a token pays to the token after it.",
        "mean of A[i, i+1]",
        _CLARK,
    ),
    "self": ScoreFacts(
        "Itself",
        "How much of its attention a token or patch pays to itself.",
        "mean of A[i, i]",
        _CLARK,
        None,
    ),
    "first": ScoreFacts(
        "First token",
        "How much of their attention the others pay to the first token, where heads with nothing "
        "to say rest.",
        "mean of A[i, 0], i > 0",
        "Xiao et al. 2023 (arXiv 2309.17453)",
    ),
    "special": ScoreFacts(
        "Special tokens",
        "How much attention goes to special tokens, such as [CLS] and [SEP].",
        "mean of Σ A[i, j] over special j",
        _CLARK,
    ),
    "punctuation": ScoreFacts(
        "Punctuation",
        "How much attention goes to tokens of nothing but punctuation and symbols.",
        "mean of Σ A[i, j] over punctuation j",
        _CLARK,
    ),
    "duplicate": ScoreFacts(
        "Duplicate token",
        "How much attention a repeated token pays to its own earlier copies.",
        "mean of Σ A[i, j] over j < i with token j = token i",
        "Wang et al. 2022 (arXiv 2211.00593)",
    ),
    "induction": ScoreFacts(
        "Induction",
        "How much attention a repeated token pays to what came after its earlier copies.",
        "mean of Σ A[i, j+1] over j < i−1 with token j = token i",
        _OLSSON,
    ),
    "reverse_induction": ScoreFacts(
        "Reverse induction",
        "How much attention a repeated token pays to what came before its earlier copies.",
        "mean of Σ A[i, j−1] over 1 < j < i with token j = token i, token j−1 not special",
        _OWN,
    ),
    "entropy": ScoreFacts(
        "Entropy",
        "How evenly attention is spread: 0 for one key alone, 1 for all visible keys alike.",
        "mean of −Σ A[i, j] ln A[i, j] ÷ ln v, v > 1",
        "Ghader and Monz 2017 (arXiv 1710.03348), over its largest value",
        None,
    ),
    "distance": ScoreFacts(
        "Mean distance",
        "How far the keys are that a token attends to.",
        "mean of Σ A[i, j]·|i−j|",
        _VIG,
        high=None,
        unit="tokens",
    ),
    "distance_variance": ScoreFacts(
        "Variance of distance",
        "How much that distance varies: 0 for a head that always looks equally far.",
        "mean of Σ A[i, j]·|i−j|² − (mean of Σ A[i, j]·|i−j|)²",
        _OWN,
        high=None,
        unit="tokens²",
    ),
    "content_dependence": ScoreFacts(
        "Content dependence",
        "How much the pattern differs between sequences: 0 for a head that goes by position alone.",
        "Σ |A[i, j] − mean A[i, j]| ÷ 2 Σ A[i, j], the mean over the sequences that have both "
        "positions; first 10 positions of text or 1,024 of images; without key 0, and without "
        "pairs of positions that one sequence alone has",
        f"after {_VIG}, attention variability; what is left out is said in the formula",
        None,
    ),
    "sparsity": ScoreFacts(
        "Keys for 90 %",
        "How many keys hold 90 % of a query's attention; few means a sparse pattern.",
        "mean of the least n whose n largest A[i, j] sum to 0.9",
        _OWN,
        None,
        low=1.0,
        high=None,
        unit="keys",
    ),
    "same_row": ScoreFacts(
        "Same row",
        "Of the attention that patches pay to other patches, the share in their own row.",
        "Σ A[i, j] over j ≠ i in the row of i ÷ Σ A[i, j] over j ≠ i, patches only",
        _OWN,
        "image",
    ),
    "same_column": ScoreFacts(
        "Same column",
        "Of the attention that patches pay to other patches, the share in their own column.",
        "Σ A[i, j] over j ≠ i in the column of i ÷ Σ A[i, j] over j ≠ i, patches only",
        _OWN,
        "image",
    ),
    "patch_distance": ScoreFacts(
        "Patch distance",
        "How far from a patch the other patches are that it attends to.",
        "Σ A[i, j]·‖place of i − place of j‖ ÷ Σ A[i, j] over j ≠ i, patches only",
        "Dosovitskiy et al. 2021 (arXiv 2010.11929), in patches",
        "image",
        high=None,
        unit="patches",
    ),
    "class_token": ScoreFacts(
        "Class token",
        "How much of its attention a patch pays to the class token.",
        "mean of A[i, class token] over patches i",
        _OWN,
        "image",
    ),
    "hue_similarity": ScoreFacts(
        "Similar hue",
        "How much closer in hue the attended patches are than by chance: 1 for the very same hue, "
        "0 as by chance, below 0 for others on purpose.",
        "1 − Σ A[i, j]·d[i, j] ÷ Σ A[i, j]·(mean of d[i, k] over k ≠ i), d the angle between "
        "hues, j ≠ i, patches that have a hue",
        _OWN,
        "image",
        low=None,
        unit="above chance",
    ),
    "brightness_similarity": ScoreFacts(
        "Similar brightness",
        "How much closer in brightness the attended patches are than by chance: 1 for the very "
        "same, 0 as by chance, below 0 for others on purpose.",
        "1 − Σ A[i, j]·d[i, j] ÷ Σ A[i, j]·(mean of d[i, k] over k ≠ i), d the difference of "
        "brightness, j ≠ i, patches",
        _OWN,
        "image",
        low=None,
        unit="above chance",
    ),
    "probe_induction": ScoreFacts(
        "Induction on random tokens",
        "In random tokens said twice, how much attention the second saying pays to what came "
        "after the first.",
        "mean of A[i, i−p+1] over the second saying, p its length",
        _OLSSON,
    ),
    "probe_previous": ScoreFacts(
        "Previous on random tokens",
        "In random tokens said twice, how much attention goes to the token before.",
        "mean of A[i, i−1]",
        _OLSSON,
    ),
    "probe_duplicate": ScoreFacts(
        "Duplicate on random tokens",
        "In random tokens said twice, how much attention the second saying pays to the same "
        "token of the first.",
        "mean of A[i, i−p] over the second saying, p its length",
        "Wang et al. 2022 (arXiv 2211.00593)",
    ),
}

PROBE_SCORES = ("probe_induction", "probe_previous", "probe_duplicate")
