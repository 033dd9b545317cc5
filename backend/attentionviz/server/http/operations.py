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
        From name and text to the value; raises InvalidRequestError if the text is malformed.
    schema : dict
        JSON schema; ``default`` is the value if the parameter is missing.
    text : str
        Description.
    is_required : bool
    """

    parse: Callable[[str, str], Any]
    schema: Json
    text: str
    is_required: bool = False


@dataclass(frozen=True)
class Raw:
    """A response that is not JSON: its media type, description and further headers."""

    media_type: str
    text: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """Parameters, body and responses of a route; see `operation`."""

    answer: Any
    errors: tuple[int, ...] = ()
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)


PICTURE = Raw("image/png", "A picture.")
_OPERATIONS: dict[Callable[..., Any], Operation] = {}


def array(text: str, *headers: str) -> Raw:
    """Describe a response that is a raw array: its dtype and axes, and further headers."""
    return Raw("application/octet-stream", text, ("X-Dtype", "X-Shape", *headers))


def operation(
    answer: Any,
    *errors: int,
    status: int = 200,
    body: dict[str, Any] | None = None,
    **parameters: Parameter,
) -> Callable[[View], View]:
    """Decorate a route with its parameters, body and responses.

    Parameters
    ----------
    answer : type or Raw
        A type of `contract`, or a binary response.
    *errors : int
        Error statuses in addition to those implied by its method and path.
    status : int
        Of a successful response.
    body : dict or None
        Media type of the request body to its type.
    **parameters : Parameter
        Query parameters in addition to ``v``.
    """

    def note(view: View) -> View:
        _OPERATIONS[view] = Operation(answer, errors, status, body or {}, parameters)
        return view

    return note


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return the operation of a route; None if it is not part of the API."""
    return _OPERATIONS.get(view)
