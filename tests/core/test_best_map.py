"""Which map of a head is its best."""

from attentionviz.core.best_map import best_map


def test_ties_go_to_the_first_method_and_undefined_recall_ranks_last() -> None:
    def recalls(**found: float | None) -> dict:
        return {
            f"{method}-2d": {"fidelity": {"recall_at_10": recall}}
            for method, recall in found.items()
        }

    assert str(best_map(recalls(pca=0.7, biplot=0.7, tsne=None), 2)) == "biplot-2d"
    assert str(best_map(recalls(tsne=None, pca=0.0), 2)) == "pca-2d"
    assert str(best_map(recalls(tsne=None), 2)) == "tsne-2d"
    assert best_map(recalls(pca=0.7), 3) is None
