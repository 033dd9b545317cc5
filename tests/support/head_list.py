"""Facts of each head, from the columns that the server answers with."""

from typing import Any

MEASURES = ("recall_at_10", "recall_at_100", "rank_correlation", "trustworthiness")


def heads_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every head with those scores and maps that it has, layer by layer."""
    return [
        {
            **{name: columns[name][i] for name in ("layer", "head", "alignment_scale")},
            "scores": {
                name: {"value": column["value"][i], "n_rows": column["n_rows"][i]}
                for name, column in columns["scores"].items()
                if column["n_rows"][i] is not None
            },
            "maps": {
                name: {"fidelity": {measure: column[measure][i] for measure in MEASURES}}
                for name, column in columns["maps"].items()
                if column["is_ready"][i]
            },
            "best_maps": {name: column[i] for name, column in columns["best_maps"].items()},
        }
        for i in range(len(columns["layer"]))
    ]
