"""JSON Lines: one object a line, one of its fields the text."""

import io
import json
from typing import Any

from attentionviz.pipeline.corpora.records import (
    Records,
    TextFile,
    choose_text_column,
    require_few_columns,
)


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every object whose text is not blank, with its further fields as words.

    A field that an object lacks is empty; a field that is no string is written as JSON.

    Raises
    ------
    CorpusError
        If a line is no JSON object, or its text is missing or no string.
    """
    numbered = enumerate(io.StringIO(file.text, newline=None), start=1)
    objects = [(line, _parse(file, line, text)) for line, text in numbered if text.strip()]
    names = list(dict.fromkeys(name for _, fields in objects for name in fields))
    if not objects:
        return Records(file, "line")
    require_few_columns(file, names)
    chosen = choose_text_column(file, names, text_column)
    others = [name for name in names if name != chosen]
    records = Records(file, "line")
    for line, fields in objects:
        text = fields.get(chosen)
        if not isinstance(text, str):
            raise file.error(f"line {line}", f"the field {chosen!r} is missing or not a string")
        columns = {name: _words(fields.get(name)) for name in others}
        records.take(f"line {line}", text, columns)
    return records


def _parse(file: TextFile, line: int, text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    # Deep nesting ends in a RecursionError, a number of many digits in a plain ValueError.
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
        raise file.error(f"line {line}", f"not JSON: {reason}") from error
    if not isinstance(parsed, dict):
        raise file.error(f"line {line}", 'not a JSON object such as {"text": "…"}')
    return parsed


def _words(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
