"""Hold every received body against Discord's own OpenAPI document, when that document is there.

Source: github.com/discord/discord-api-spec `specs/openapi.json`. Needs `jsonschema` and `referencing`, which are
development dependencies, and so are imported only when a document is given.
"""

import gzip
import json
from pathlib import Path
from typing import Any, Final

from sandbox.discord.state import Json

URI: Final = "urn:discord:openapi"


class Checker:
    """The document, ready to check bodies and answers of its operations."""

    def __init__(self, path: Path) -> None:
        from jsonschema import Draft202012Validator  # noqa: PLC0415  needed only with a document
        from referencing import Registry, Resource  # noqa: PLC0415  the same
        from referencing.jsonschema import DRAFT202012  # noqa: PLC0415  the same

        raw = path.read_bytes()
        self._document: Json = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        resource: Resource[Any] = Resource.from_contents(self._document, default_specification=DRAFT202012)
        self._registry: Any = Registry().with_resource(URI, resource)
        self._validator: Any = Draft202012Validator
        self._made: dict[str, Any] = {}
        self._paths = [(tuple(p.strip("/").split("/")), p) for p in self._document["paths"]]

    def body(self, method: str, path: str, body: Any, *, multipart: bool) -> list[str]:
        """Give every way in which a body breaks the document; `path` is below /api/v10."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: no such operation in the document"]
        template, found = operation
        content = found.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return [] if body is None else [f"{method} {path}: the document knows no JSON body here"]
        if body is None:
            required = found["requestBody"].get("required", False)
            return [f"{method} {path}: a body is required"] if required else []
        pointer = f"/paths/{_escape(template)}/{method.lower()}/requestBody/content/application~1json/schema"
        return [p for p in self._problems(pointer, body) if not _false_alarm(p, multipart=multipart)]

    def answer(self, method: str, path: str, status: int, answer: Any) -> list[str]:
        """Give every way in which an answer of 2xx breaks the document."""
        operation = self._operation(method, path)
        if operation is None or answer is None:
            return []
        template, found = operation
        if "application/json" not in found.get("responses", {}).get(str(status), {}).get("content", {}):
            return []
        pointer = f"/paths/{_escape(template)}/{method.lower()}/responses/{status}/content/application~1json/schema"
        return self._problems(pointer, answer)

    def _operation(self, method: str, path: str) -> tuple[str, Json] | None:
        parts = tuple(path.strip("/").split("/"))
        best: tuple[int, str] | None = None
        for pattern, template in self._paths:
            if len(pattern) != len(parts) or method.lower() not in self._document["paths"][template]:
                continue
            if all(a == b or a.startswith("{") for a, b in zip(pattern, parts, strict=True)):
                variables = sum(a.startswith("{") for a in pattern)
                if best is None or variables < best[0]:
                    best = (variables, template)
        return None if best is None else (best[1], self._document["paths"][best[1]][method.lower()])

    def _problems(self, pointer: str, value: Any) -> list[str]:
        validator = self._made.get(pointer)
        if validator is None:
            validator = self._validator({"$ref": f"{URI}#{pointer}"}, registry=self._registry)
            self._made[pointer] = validator
        return [
            f"{'/'.join(str(p) for p in error.absolute_path) or '(body)'}: {_short(error)}"
            for error in validator.iter_errors(value)
        ]


def _escape(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _false_alarm(problem: str, *, multipart: bool) -> bool:
    """Recognise where the document wants text and Discord takes numbers: ids of uploaded parts, and of a recipient."""
    where = problem.split(":", 1)[0]
    part = multipart and where.startswith("attachments/") and where.endswith("/id")
    return part or (where == "recipient_id" and "is not of type" in problem)


def _short(error: Any) -> str:
    deepest = error
    while deepest.context:
        deepest = max(deepest.context, key=lambda e: len(e.absolute_path))
    where = "/".join(str(p) for p in deepest.absolute_path)
    text: str = deepest.message
    return text[:300] if deepest is error else f"{where}: {text[:300]}"
