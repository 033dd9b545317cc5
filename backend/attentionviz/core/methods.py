"""The table of projection methods: label, meaning of nearness, cost. All other lists follow.

The module that computes ``some-method`` is ``attentionviz.projections.some_method``.
"""

from typing import Literal, NamedTuple

Nearness = Literal["distance", "product"]


class MethodFacts(NamedTuple):
    """Label, description and cost of a method.

    Attributes
    ----------
    label : str
        Name on screen.
    help : str
        One sentence: what nearness means in its maps.
    nearness : "distance" or "product"
        Measure of nearness of a query and a key: small distance, or large dot product, of their
        coordinates.
    relative_cost : float
        Time of one map relative to PCA, for the estimate before any map was timed. Successive
        methods of cost 1 or less are computed in one task.
    is_default : bool
        Whether the form for a new dataset preselects it; commands draw all methods by default.
    """

    label: str
    help: str
    nearness: Nearness
    relative_cost: float = 1.0
    is_default: bool = False


# In the order of the menus.
METHOD_FACTS: dict[str, MethodFacts] = {
    "biplot": MethodFacts(
        "Biplot",
        "The best flat fit of the scores: a query attends to the keys that lie far out in its own "
        "direction.",
        nearness="product",
        is_default=True,
    ),
    "pca": MethodFacts(
        "PCA",
        "The directions of largest variance of queries and keys; far apart means different, near "
        "may mean little.",
        nearness="distance",
    ),
    "attention-tsne": MethodFacts(
        "Attention t-SNE",
        "Near means strong attention: the neighbours of a query are the keys it attends to most "
        "in the whole corpus.",
        nearness="distance",
        relative_cost=12.0,
        is_default=True,
    ),
    "tsne": MethodFacts(
        "t-SNE",
        "Near means a similar direction (cosine) of the vectors; distances between far groups mean "
        "nothing.",
        nearness="distance",
        relative_cost=12.0,
    ),
    "umap": MethodFacts(
        "UMAP",
        "Near means a similar direction (cosine) of the vectors; groups are drawn tighter than "
        "they are.",
        nearness="distance",
        relative_cost=18.0,
    ),
}
