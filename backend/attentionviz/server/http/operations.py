"""Registration of the types of each route, from which the OpenAPI document follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
Json = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query.

    Attributes
    ----------
    parse : callable
        Takes name and text, returns the value; InvalidRequestError when it is malformed.
    schema : dict
        Its JSON schema; ``default`` is the value of one that is not given.
    text : str
        Its description.
    is_required : bool
    """

    parse: Callable[[str, str], Any]
    schema: Json
    text: str
    is_required: bool = False


@dataclass(frozen=True)
class Raw:
    """An answer that is no JSON: its media type, description, and headers of its own."""

    media_type: str
    text: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """What a route takes and answers; see `operation`."""

    answer: Any
    errors: tuple[int, ...] = ()
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)


PICTURE = Raw("image/png", "A picture.")
_OPERATIONS: dict[Callable[..., Any], Operation] = {}


def array(text: str, *headers: str) -> Raw:
    """Return an answer that is a raw array: its dtype and axes, and further headers."""
    return Raw("application/octet-stream", text, ("X-Dtype", "X-Shape", *headers))


def operation(
    answer: Any,
    *errors: int,
    status: int = 200,
    body: dict[str, Any] | None = None,
    **parameters: Parameter,
) -> Callable[[View], View]:
    """Say what a route takes and answers.

    Parameters
    ----------
    answer : type or Raw
        A type of `contract`, or what comes as bytes.
    *errors : int
        Statuses of errors beyond those that its method and path make possible.
    status : int
        Of the answer.
    body : dict or None
        Media type of the body to its type.
    **parameters : Parameter
        Of the query, beside ``v``.
    """

    def note(view: View) -> View:
        _OPERATIONS[view] = Operation(answer, errors, status, body or {}, parameters)
        return view

    return note


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return what a route takes and answers; None for one that is no part of the API."""
    return _OPERATIONS.get(view)
