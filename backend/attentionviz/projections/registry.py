"""The registry of projection methods, and their common behaviour."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.types import METHODS
from attentionviz.errors import BuildError, InvalidRequestError, MethodNotFoundError
from attentionviz.projections.vectors import HeadVectors, Neighbours, Place, Projection

# Modules are imported when a method is first used, since importing umap-learn takes seconds.
MODULES: dict[str, str] = {
    method: f"attentionviz.projections.{method.replace('-', '_')}" for method in METHODS
}

# Methods that `attentionviz.projections.torch_maps` computes on a GPU.
GPU_METHODS = ("attention-tsne", "tsne")

# Twice the rounding of float32.
SAME_TOLERANCE = 2.4e-7
# Half a step is lost in quantisation; the rest allows for float32.
MAX_STEPS_OFF = 1.0


def _module(method: str) -> Any:
    if method not in MODULES:
        known = ", ".join(MODULES)
        raise MethodNotFoundError(f"unknown projection method {method!r}; known are {known}")
    return import_module(MODULES[method])


def get(method: str) -> Callable[..., Projection]:
    """Return the function of one method without the checks and fallbacks of `project`.

    Raises
    ------
    MethodNotFoundError
        If there is no such method.
    """
    function: Callable[..., Projection] = _module(method).project
    return function


def defaults(method: str, dims: int) -> dict[str, Any]:
    """Return all parameters of a method with their defaults, as recorded in the manifest."""
    return (
        {**_module(method).DEFAULTS, **getattr(_module(method), "DEFAULTS_3D", {})}
        if (dims == 3)
        else dict(_module(method).DEFAULTS)
    )


def needs_neighbours(method: str, n_tokens: int = 0) -> bool:
    """Return whether the method uses `Neighbours` that the maps of a head can share.

    False for more points than are fitted by default, since only a sample is searched then.
    """
    module = _module(method)
    fits_all = 2 * n_tokens <= module.DEFAULTS.get("fit_points", 2 * n_tokens)
    return bool(getattr(module, "NEEDS_NEIGHBOURS", False)) and fits_all


def nearness(
    method: str, queries: NDArray[np.floating], keys: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Return the nearness of each query to each key in a map, as defined by the method.

    Parameters
    ----------
    method : str
        `METHOD_FACTS` defines nearness as the dot product of two points or by their distance.
    queries, keys : ndarray of floats, shapes (..., n_queries, dims) and (..., n_keys, dims)

    Returns
    -------
    ndarray of float32, shape (..., n_queries, n_keys)
        Larger is nearer: q·k, or minus the distance.
    """
    q, k = queries.astype(np.float64), keys.astype(np.float64)
    products = q @ k.swapaxes(-1, -2)
    if METHOD_FACTS[method].nearness == "product":
        return products.astype(np.float32)
    squared = (q**2).sum(-1)[..., :, None] + (k**2).sum(-1)[..., None, :] - 2 * products
    return (-np.sqrt(np.maximum(squared, 0))).astype(np.float32)


def project(
    method: str,
    vectors: HeadVectors,
    *,
    dims: int,
    seed: int,
    neighbours: Neighbours | None = None,
    **parameters: Any,
) -> Projection:
    """Return the map of one head.

    Parameters
    ----------
    method : str
        One of `MODULES`.
    vectors : HeadVectors
    dims : 2 or 3
    seed : int
        The same vectors, seed and parameters give the same bytes, in any process.
    neighbours : Neighbours or None
        From `find_neighbours`; None to search them if the method needs them.
    **parameters
        Replace values of `defaults`.

    Raises
    ------
    MethodNotFoundError
        If there is no such method.
    InvalidRequestError
        If a parameter is unknown to the method, or `dims` is neither 2 nor 3.
    BuildError
        If the coordinates are not finite.
    """
    known = defaults(method, dims)
    if unknown := set(parameters) - set(known):
        raise InvalidRequestError(f"{method} has no parameter {sorted(unknown)[0]!r}")
    if dims not in (2, 3):
        raise InvalidRequestError(f"dims is {dims}, expected 2 or 3")
    if _are_all_same(vectors):
        zeros = np.zeros((vectors.n_points, dims), dtype=np.float32)
        return Projection(zeros, fallback="all vectors are the same: all points are drawn at 0")
    if vectors.n_tokens < getattr(_module(method), "MIN_TOKENS", 1):
        return _principal_components(method, vectors, dims)
    projection = get(method)(
        vectors, dims=dims, seed=seed, neighbours=neighbours, **{**known, **parameters}
    )
    if not np.isfinite(projection.coordinates).all():
        raise BuildError(f"{method} in {dims}-D gave coordinates that are not finite")
    return projection


class Placer(NamedTuple):
    """Places other tokens of a head into its finished map.

    Attributes
    ----------
    place : callable
        Returns their coordinates.
    is_exact : bool
        Whether the method's own mapping is used, not an interpolation between neighbours.
    n_bytes : int
        Memory without the vectors of the head.
    """

    place: Place
    is_exact: bool
    n_bytes: int


def placer(
    method: str,
    vectors: HeadVectors,
    drawn: NDArray[np.float32],
    *,
    step: float,
    seed: int,
    parameters: dict[str, Any],
) -> Placer:
    """Return a placer of other tokens of a head into its finished map.

    Parameters
    ----------
    method : str
    vectors : HeadVectors
        The vectors of the map.
    drawn : ndarray of float32, shape (n_points, dims)
        The map, as stored.
    step : float
        Quantisation step of the map.
    seed : int
        Of the map.
    parameters : dict
        Of the map.
    """
    dims = drawn.shape[1]
    if _are_all_same(vectors):
        return Placer(partial(_in_the_middle, drawn=drawn), False, drawn.nbytes)
    if vectors.n_tokens < getattr(_module(method), "MIN_TOKENS", 1):
        method, parameters = "pca", {}
    known = {**defaults(method, dims), **parameters}
    module = _module(method)
    is_exact = getattr(module, "PLACES_EXACTLY", False)
    place = module.placer(vectors, drawn, dims=dims, seed=seed, **known)
    # On another machine, axes of equal strength may come out differently.
    if is_exact and np.abs(place(vectors) - drawn).max() > MAX_STEPS_OFF * step:
        is_exact, tsne_defaults = False, defaults("tsne", dims)
        place = _module("tsne").placer(vectors, drawn, dims=dims, seed=seed, **tsne_defaults)
    return Placer(place, is_exact, drawn.nbytes + getattr(place, "n_bytes", 0))


def warm_up() -> Iterator[None]:
    """Import and compile everything for placing; yields after each method."""
    rng = np.random.default_rng(0)
    queries, keys = rng.standard_normal((2, 40, 4), dtype=np.float32)
    vectors = HeadVectors.of(queries, keys, 1.0)
    drawn = rng.standard_normal((80, 2), dtype=np.float32)
    for method in MODULES:
        made = placer(method, vectors, drawn, step=1.0, seed=0, parameters={})
        made.place(vectors.subset(np.arange(2)))
        yield


def is_degenerate(method: str, vectors: HeadVectors) -> bool:
    """Return whether `project` draws another map than that of the method: too few or no points."""
    is_too_few = vectors.n_tokens < getattr(_module(method), "MIN_TOKENS", 1)
    return is_too_few or _are_all_same(vectors)


def _in_the_middle(new: HeadVectors, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.repeat(drawn[:1], new.n_points, axis=0)


def _are_all_same(vectors: HeadVectors) -> bool:
    """Return whether all aligned points coincide up to rounding in the alignment."""
    points = vectors.aligned.points()
    return bool(np.ptp(points, axis=0).max() <= SAME_TOLERANCE * np.abs(points).max())


def _principal_components(method: str, vectors: HeadVectors, dims: int) -> Projection:
    """Return principal components, the fallback for too few tokens for a method."""
    drawn = project("pca", vectors, dims=dims, seed=0)
    few = f"{vectors.n_tokens} tokens are too few for {method}: principal components are drawn"
    return Projection(drawn.coordinates, drawn.details, few)
