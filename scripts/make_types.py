"""Write the page's types of what the API says, from the OpenAPI document of all routes."""

import json
import subprocess
import textwrap
from pathlib import Path
from typing import Any

from attentionviz.server.app import describe_api

ROOT = Path(__file__).resolve().parents[1]
TYPES = ROOT / "frontend" / "js" / "contract.d.ts"
HEADER = (
    "What the API says and takes, written by scripts/make_types.py from the types of "
    "backend/attentionviz/server/http/contract.py. Change those."
)
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
Json = dict[str, Any]


def render() -> str:
    """Return the content of `TYPES`, as Prettier formats it."""
    schemas = describe_api()["components"]["schemas"]
    parts = [
        "\n".join(comment(HEADER)),
        *(interface(name, schemas[name]) for name in sorted(schemas)),
    ]
    prettier = ROOT / "node_modules" / ".bin" / "prettier"
    command = [prettier, "--stdin-filepath", TYPES]
    text = "\n\n".join(parts)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Prettier does not take the types: {done.stderr}")
    return done.stdout


def interface(name: str, schema: Json) -> str:
    """Return the declaration of a named schema."""
    lines = [*comment(schema.get("description")), f"export interface {name} {{"]
    for key, part in schema["properties"].items():
        mark = "" if key in schema.get("required", ()) else "?"
        lines += [*comment(part.get("description")), f"{key}{mark}: {type_of(part)};"]
    if schema["additionalProperties"]:
        lines.append("[key: string]: unknown;")
    return "\n".join([*lines, "}"])


def type_of(schema: Json) -> str:
    """Return a schema as a type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema.get("enum") or [schema["const"]])
    if "anyOf" in schema:
        return " | ".join(type_of(part) for part in schema["anyOf"])
    kind = schema.get("type")
    if kind == "array":
        return f"({type_of(schema['items'])})[]"
    if kind == "object":
        values = list(schema.get("patternProperties", {}).values())
        value = (values or [schema["additionalProperties"]])[0]
        return f"Record<string, {type_of(value) if isinstance(value, dict) else 'unknown'}>"
    return "Blob" if schema.get("format") == "binary" else PLAIN.get(str(kind), kind or "unknown")


def comment(text: str | None) -> list[str]:
    """Return the lines of a comment, of at most 100 columns; none for no text."""
    if not text:
        return []
    if len(text) <= 88:
        return [f"/** {text} */"]
    return ["/**", *(f" * {line}" for line in textwrap.wrap(text, 90)), " */"]


if __name__ == "__main__":
    TYPES.write_text(render(), encoding="utf-8")
