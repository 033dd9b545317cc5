"""Shared types: HeadId, Method, MapName."""

import re
from typing import Literal, NamedTuple

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.errors import HeadOutOfRangeError, MethodNotFoundError

Method = str
Dims = Literal[2, 3]
KeepChoice = Literal["all", "sample", "none"]
Modality = Literal["text", "image", "image-text"]
"""What a model reads: texts, images, or an image and a text as one sequence."""

WITH_IMAGES: tuple[Modality, ...] = ("image", "image-text")
WITH_WORDS: tuple[Modality, ...] = ("text", "image-text")
TokenType = Literal["text", "special", "class", "register", "patch"]

METHODS: tuple[Method, ...] = tuple(METHOD_FACTS)
DIMS: tuple[Dims, ...] = (2, 3)
MEASURES = ("recall_at_10", "recall_at_100", "rank_correlation", "trustworthiness")
"""The fidelity of a map; types are those of `store.manifest.Fidelity`."""

DATASET_ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"


class HeadId(NamedTuple):
    """One attention head; both numbers count from 0."""

    layer: int
    head: int

    @property
    def folder(self) -> str:
        """Name of the head's folder in a dataset, such as ``L00H11``."""
        return f"L{self.layer:02d}H{self.head:02d}"

    @staticmethod
    def parse(folder: str) -> "HeadId":
        """Return the head of a folder name; HeadOutOfRangeError if it is malformed."""
        match = re.fullmatch(r"L(\d{2,4})H(\d{2,4})", folder)
        if not match:
            raise HeadOutOfRangeError(f"{folder!r} is not a head; heads are named like L00H11")
        return HeadId(int(match[1]), int(match[2]))


class MapName(NamedTuple):
    """A projection method in two or three dimensions, such as ``tsne-2d``."""

    method: Method
    dims: int

    def __str__(self) -> str:
        return f"{self.method}-{self.dims}d"

    @staticmethod
    def parse(name: str) -> "MapName":
        """Return the map of a name like ``attention-tsne-3d``; MethodNotFoundError if unknown."""
        for method in METHODS:
            for dims in DIMS:
                if name == f"{method}-{dims}d":
                    return MapName(method, dims)
        known = ", ".join(f"{method}-2d" for method in METHODS)
        raise MethodNotFoundError(f"unknown map {name!r}; known are {known} and the same in 3d")
