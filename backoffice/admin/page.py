"""The front end's page, with what we add to it: the scripts and the styles in `static/`."""

import hashlib
import mimetypes
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# Read once: a worker goes on giving those that it began with while others are put in their place.
FILES = {file.name: file.read_bytes() for file in sorted((Path(__file__).parent / "static").iterdir())}
VERSION = hashlib.sha256(b"".join(FILES.values())).hexdigest()[:16]
PATH = "/static/{version}/{name}"
KEPT = "private, max-age=31536000, immutable"  # a cookie may come with them
# Drawn here, or browsers would ask for /favicon.ico.
ICON = (
    '<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 8 8%22%3E'
    '%3Cpath fill=%22%233889ce%22 d=%22M0 0h8v2H2v1h4v2H2v3H0z%22/%3E%3C/svg%3E">'
)
# While workers are replaced, a page may ask one of another version for its scripts, or they may not come at all.
# Without them it would be another admin, so it is loaded anew, for a minute. Once they are there they forget how often.
GUARD = """
addEventListener("error", ({ target }) => {
  if (!target.matches?.("script")) return;
  sessionStorage.reloads = Number(sessionStorage.reloads ?? 0) + 1;
  if (sessionStorage.reloads <= 30) setTimeout(() => location.reload(), 2000);
}, true);
"""


async def static_file(request: Request) -> Response:
    """One of ours, for good, since its address, `PATH`, names the version.

    :raises HTTPException: 404, also for another version.
    """
    version, name = request.path_params["version"], request.path_params["name"]
    if version != VERSION or name not in FILES:
        raise HTTPException(404)
    kind, _ = mimetypes.guess_type(name)
    return Response(FILES[name], media_type=kind, headers={"Cache-Control": KEPT})


def extended(template: str, *, title: str) -> str:
    """The page with our scripts before its own, so that no request escapes them; all are asked for at once."""
    addresses = {name: f".{PATH.format(version=VERSION, name=name)}" for name in FILES}
    preloaded = "".join(
        f'<link rel="modulepreload" href="{addresses[name]}">' for name in FILES if name.endswith(".js")
    )
    style = f'<link rel="stylesheet" href="{addresses["admin.css"]}">'
    begin = f'<script>{GUARD}</script><script type="module" src="{addresses["admin.js"]}"></script>'
    head = f"<title>{escape(title)}</title>{ICON}{style}{preloaded}{begin}"
    return template.replace("<title>Piccolo Admin</title>", head)
