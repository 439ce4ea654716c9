"""The front end's page, with what we add to it: the scripts and the styles in `static/`."""

import hashlib
import mimetypes
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# Read once: a worker serves the files that it started with, while newer ones may replace them on disk.
FILES = {file.name: file.read_bytes() for file in sorted((Path(__file__).parent / "static").iterdir())}
VERSION = hashlib.sha256(b"".join(FILES.values())).hexdigest()[:16]
PATH = "/static/{version}/{name}"
CACHE_FOR_EVER = "public, max-age=31536000, immutable"
# Inline, or browsers would request /favicon.ico.
ICON = (
    '<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 8 8%22%3E'
    '%3Cpath fill=%22%233889ce%22 d=%22M0 0h8v2H2v1h4v2H2v3H0z%22/%3E%3C/svg%3E">'
)
# While workers are replaced, a page may request its scripts from a worker of another version, or get no answer.
# Without them it would be Piccolo's plain admin, so it is reloaded, for a minute. The scripts then reset the counter.
GUARD = """
addEventListener("error", ({ target }) => {
  if (!target.matches?.("script")) return;
  sessionStorage.reloads = Number(sessionStorage.reloads ?? 0) + 1;
  if (sessionStorage.reloads <= 30) setTimeout(() => location.reload(), 2000);
}, true);
"""


async def static_file(request: Request) -> Response:
    """One of our files, cacheable for ever, since its address, `PATH`, contains the version.

    :raises HTTPException: 404, also for another version.
    """
    version, name = request.path_params["version"], request.path_params["name"]
    if version != VERSION or name not in FILES:
        raise HTTPException(404)
    kind, _ = mimetypes.guess_type(name)
    return Response(FILES[name], media_type=kind, headers={"Cache-Control": CACHE_FOR_EVER})


def extended(template: str, *, title: str) -> str:
    """The page with our scripts before its own, so that they see every request; all are preloaded in parallel."""
    addresses = {name: f".{PATH.format(version=VERSION, name=name)}" for name in FILES}
    preloaded = "".join(
        f'<link rel="modulepreload" href="{addresses[name]}">' for name in FILES if name.endswith(".js")
    )
    style = f'<link rel="stylesheet" href="{addresses["admin.css"]}">'
    begin = f'<script>{GUARD}</script><script type="module" src="{addresses["admin.js"]}"></script>'
    head = f"<title>{escape(title)}</title>{ICON}{style}{preloaded}{begin}"
    return template.replace("<title>Piccolo Admin</title>", head)
