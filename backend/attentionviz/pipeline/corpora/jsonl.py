"""JSON: an object a line, an array of objects or of texts, or an object of columns."""

import io
import json
import re
from typing import Any, NamedTuple

from attentionviz.pipeline.corpora.account import Unit
from attentionviz.pipeline.corpora.records import (
    Records,
    TextFile,
    choose_text_column,
    format_columns,
    require_columns,
)

_SPACE = re.compile(r"[ \t\r\n]*")


class _NotJson(NamedTuple):
    """Placeholder for a value that cannot be parsed."""

    problem: str


class _DuplicateFields(dict[str, Any]):
    """An object with a duplicate field; the dict holds the last value."""


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every object with a non-blank text, and its other fields as strings.

    Missing fields are empty; values other than strings are written as JSON. A string instead of an
    object is a text without other fields.

    Raises
    ------
    CorpusError
        If there is no text field, an array is malformed, or most values are neither objects nor
        strings.
    """
    unit, values = _values(file)
    records = Records(file, unit)
    names = list(dict.fromkeys(n for value in values if isinstance(value, dict) for n in value))
    chosen = "text"
    if names or text_column:
        require_columns(file, names)
        advice = "; of a file that is one object, take the array alone" if len(values) == 1 else ""
        chosen = choose_text_column(file, names, text_column, advice)
        records.notes.append(f"JSON, {format_columns(names)}")
    others = [name for name in names if name != chosen]
    for number, value in enumerate(values, start=1):
        location = f"{unit} {number}"
        fields = {chosen: value} if isinstance(value, str) else value
        if isinstance(fields, _NotJson):
            records.leave_out_broken("not JSON", location, f"not JSON: {fields.problem}")
        elif isinstance(fields, _DuplicateFields):
            records.leave_out_broken("with a duplicate field", location, "a field is repeated")
        elif not isinstance(fields, dict):
            problem = 'neither a JSON object such as {"text": "…"} nor a string'
            records.leave_out_broken("not an object", location, problem)
        elif fields.get(chosen) is None:
            records.leave_out("without a text", location)
        elif not isinstance(fields[chosen], str):
            records.leave_out("with a text that is no string", location)
        else:
            columns = {name: _as_text(fields.get(name)) for name in others}
            records.take(location, fields[chosen], columns)
    return records


def _values(file: TextFile) -> tuple[Unit, list[Any]]:
    unit: Unit = "element"
    values = _elements(file)
    if values is None:
        unit, values = "line", [_parse(line) for line in io.StringIO(file.text, newline=None)]
    rows = _rows_of_columns(values)
    return (unit, values) if rows is None else ("row", rows)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else _DuplicateFields(fields)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _parse(line: str) -> Any:
    """Return the value of a line; an empty string for a blank line."""
    if not line.strip():
        return ""
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        return _NotJson(_problem(error))


def _problem(error: Exception) -> str:
    # Deep nesting raises RecursionError, a number with too many digits a plain ValueError.
    return error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"


def _elements(file: TextFile) -> list[Any] | None:
    """Return the elements of an array, or objects over several lines; None for JSON Lines.

    If the file is truncated, the last value is `_NotJson`.
    """
    text = file.text.rstrip()
    start = _skip_space(text, 0)
    is_array = text.startswith("[", start)
    first_line = io.StringIO(text[start:], newline=None).readline()
    if not is_array and not isinstance(_parse(first_line), _NotJson):
        return None
    values: list[Any] = []
    position = start + is_array
    while (position := _skip_space(text, position)) < len(text):
        if is_array and text.startswith("]", position):
            return values if position + 1 == len(text) else None
        try:
            value, position = _DECODER.raw_decode(text, position)
            values.append(value)
            position = _skip_space(text, position)
            if is_array and position < len(text) and text[position] not in ",]":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
            position += is_array and text.startswith(",", position)
        except (ValueError, RecursionError) as error:
            at = getattr(error, "pos", position)
            is_cut_off = at >= len(text) or _problem(error).startswith("Unterminated string")
            if is_cut_off and values:
                return [*values, _NotJson("cut off by the end of the file")]
            if is_array:
                raise file.error(file.location_of(at), f"not JSON: {_problem(error)}") from error
            return None
    return values


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _rows_of_columns(values: list[Any]) -> list[Any] | None:
    """Return the rows of a single object of columns (lists or objects, as pandas writes them)."""
    if len(values) != 1 or not isinstance(values[0], dict):
        return None
    columns = values[0]
    kinds = {type(column) for column in columns.values()}
    if kinds == {list}:
        columns = {name: dict(enumerate(column)) for name, column in columns.items()}
    keys = [list(column) for column in columns.values()] if kinds <= {list, dict} else []
    if not keys or any(one != keys[0] for one in keys):
        return None
    return [{name: column[key] for name, column in columns.items()} for key in keys[0]]
