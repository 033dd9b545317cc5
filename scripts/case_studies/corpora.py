"""The datasets of the case studies: as small as the question allows, a minute on one core."""

from pathlib import Path

from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ROOT / "data" / "corpora"
# Six words, said twice in the same order.
REPEATED = [
    "river market winter letter garden morning river market winter letter garden morning",
    "number school paper water window music number school paper water window music",
    "station bridge summer table doctor island station bridge summer table doctor island",
]


def build_all(data_dir: Path, n_workers: int = 1) -> None:
    """Build every dataset of the studies into a data folder; those that are there stay.

    Parameters
    ----------
    data_dir : Path
    n_workers : int
        Processes that draw maps.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    repeated = data_dir / "repeated.txt"
    repeated.write_text("\n".join(REPEATED) + "\n", encoding="utf-8")
    sentences, brightness = CORPORA / "sentences.csv", CORPORA / "images" / "brightness"
    for model, corpus, dataset_id, method, max_tokens in (
        ("demo-gpt2", sentences, "sentences-gpt2", "attention-tsne", 800),
        ("demo-gpt2", repeated, "repeated-gpt2", "biplot", None),
        ("demo-bert", sentences, "sentences-bert", "biplot", 1000),
        ("demo-vit", brightness, "brightness-vit", "attention-tsne", None),
    ):
        build(
            BuildRequest(
                model=model,
                output=data_dir,
                text=None if corpus.is_dir() else corpus,
                images=corpus if corpus.is_dir() else None,
                dataset_id=dataset_id,
                methods=(method,),
                dims=(2,),
                max_tokens=max_tokens,
                device="cpu",
                n_workers=n_workers,
                local_models=ROOT / "data" / "models",
            )
        )
