"""The front end's page, with what we add to it: the scripts and the styles in `static/`."""

import hashlib
import os
from html import escape
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
SCRIPTS = sorted(file.name for file in STATIC.glob("*.js"))
VERSION = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(STATIC.iterdir()))).hexdigest()[:16]
PATH = "/static/{version}"
KEPT = "private, max-age=31536000, immutable"  # a cookie may come with them
# Drawn here, or browsers would ask for /favicon.ico.
ICON = (
    '<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 8 8%22%3E'
    '%3Cpath fill=%22%233889ce%22 d=%22M0 0h8v2H2v1h4v2H2v3H0z%22/%3E%3C/svg%3E">'
)


class Static(StaticFiles):
    """Files that browsers keep, since their address, `PATH`, names the version.

    While workers are replaced one may be asked for the files of another: it gives its own, not to be kept.
    """

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = KEPT if scope["path_params"]["version"] == VERSION else "no-store"
        return response


def extended(template: str, *, title: str) -> str:
    """The page with our scripts before its own, so that no request escapes them; all are asked for at once."""
    folder = f".{PATH.format(version=VERSION)}"
    preloaded = "".join(f'<link rel="modulepreload" href="{folder}/{name}">' for name in SCRIPTS)
    ours = f'<link rel="stylesheet" href="{folder}/admin.css"><script type="module" src="{folder}/admin.js"></script>'
    return template.replace("<title>Piccolo Admin</title>", f"<title>{escape(title)}</title>{ICON}{preloaded}{ours}")
