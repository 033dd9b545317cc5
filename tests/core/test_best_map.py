"""Which map of a head is its best."""

import numpy as np

from attentionviz.core.best_map import best_maps


def test_ties_go_to_the_first_method_and_undefined_recall_ranks_last() -> None:
    def best(dims: int = 2, **recall: float | None) -> str:
        of_maps = {f"{method}-2d": [value] for method, value in recall.items()}
        return str(best_maps(of_maps, dims, 1)[0])

    assert best(pca=0.7, biplot=0.7, tsne=None) == "biplot-2d"
    assert best(tsne=None, pca=0.0) == "pca-2d"
    assert best(tsne=None) == "tsne-2d"
    assert best(3, pca=0.7) == "None"


def test_each_head_has_its_own_best_map_or_none_yet() -> None:
    recall = {"tsne-2d": np.array([0.2, -np.inf, -np.inf]), "pca-2d": [0.1, np.nan, -np.inf]}
    assert [name and str(name) for name in best_maps(recall, 2, 3)] == ["tsne-2d", "pca-2d", None]
