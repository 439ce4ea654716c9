"""Operations of the API's description: what a route of a resource takes and gives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backoffice.api.bodies import JSON
from backoffice.api.resource import Resource
from backoffice.web.openapi import ALWAYS, answer_header, described_problems

EXAMPLE_ID = "5f0c6a2e-3b1d-4c8e-9a70-2d4b8e6f1a35"
ROW_ID = {
    "name": "row_id",
    "in": "path",
    "required": True,
    "description": "The id of the row.",
    "schema": {"type": "string", "format": "uuid"},
    "example": EXAMPLE_ID,
}
# A link to what can be done with the row in the answer.
ROW_LINK = {"parameters": {"row_id": "$response.body#/id"}}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the version that you have seen. When the row has changed since, the answer is 412.",
    "schema": {"type": "string"},
}
ETAG = {"ETag": answer_header("Changes whenever the row does.")}
LOCATION = {"Location": answer_header("The address of the new row.")}

# The problems for which any write may be refused, by the database or by its validation.
WRITE_PROBLEMS = ("check_violation", "foreign_key_violation", "not_null_violation", "out_of_range", "validation_error")


def noun(resource: Resource) -> str:
    """The noun for one row in the names of operations, as in `presale_item`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", resource.table.__name__).lower()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a route takes and gives.

    :param name: the operation's id, with `{one}` and `{many}` for what the resource's rows are called.
    :param codes: of the problems beside those that every route has.
    :param links: what can be done next with the answer.
    """

    name: str
    summary: str
    description: str = ""
    status: int = 200
    gives: Mapping[str, Any] | None = None
    takes: Mapping[str, Any] | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    parameters: Sequence[Mapping[str, Any]] = ()
    codes: tuple[str, ...] = ("validation_error",)
    links: Mapping[str, Any] = field(default_factory=dict)

    def as_route(self, resource: Resource, methods: Sequence[str]) -> dict[str, Any]:
        """The arguments for `add_api_route`."""
        names = {"one": noun(resource), "many": resource.path.replace("-", "_")}
        spoken = {name: word.replace("_", " ") for name, word in names.items()}
        extra: dict[str, Any] = {"parameters": list(self.parameters)}
        if self.takes is not None:
            extra["requestBody"] = {"required": True, "content": {JSON: {"schema": self.takes}}}
        return {
            "methods": list(methods),
            "operation_id": self.name.format(**names),
            "summary": self.summary.format(**spoken),
            "description": self.description.format(**spoken) or None,
            "tags": [resource.path],
            "status_code": self.status,
            "response_model": None,
            "openapi_extra": extra,
            "responses": {self.status: self._success(names), **described_problems(*self._codes(methods))},
        }

    def _success(self, names: Mapping[str, str]) -> dict[str, Any]:
        success: dict[str, Any] = {"description": "Done.", "headers": dict(self.headers)}
        if self.gives is not None:
            success["content"] = {JSON: {"schema": self.gives}}
        if self.links:
            success["links"] = {
                name.format(**names): link | {"operationId": name.format(**names)} for name, link in self.links.items()
            }
        return success

    def _codes(self, methods: Sequence[str]) -> set[str]:
        malformed = () if self.takes is None else ("malformed_json",)
        forged = () if "GET" in methods else ("csrf_failed",)
        return {"unauthenticated", "forbidden", *ALWAYS, *malformed, *forged, *self.codes}
