"""Log-in, log-out and change of password once more, with the paths and bodies of the admin's front end.

These routes must be added before the admin is mounted, whose own routes at these paths have no throttle.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from pydantic import BaseModel

from accounts.cookies import (
    CSRF_COOKIE,
    CSRF_HEADER,
    SESSION_COOKIE,
    check_csrf,
    clear_cookies,
    new_csrf_cookie,
    set_cookies,
)
from accounts.login import change_password, log_out
from accounts.routes import PasswordChange, open_session, password_attempt
from accounts.sessions import find_caller, hash_token
from backoffice.api.bodies import is_json, read_json
from backoffice.api.values import CleanText
from backoffice.database.errors import repeat
from backoffice.database.failures import is_lost
from backoffice.problems import FieldError, Problem, validated

router = APIRouter(prefix="/admin", include_in_schema=False)


class AdminLogIn(BaseModel):
    """What the front end's form sends, as far as it matters here."""

    username: CleanText
    password: CleanText


class AdminPasswordChange(PasswordChange):
    confirm_new_password: CleanText


@router.post("/public/login/")
async def admin_login(request: Request) -> Response:
    if not request.cookies.get(CSRF_COOKIE):
        # Deleted while the page was open, whose next try will send the new one.
        raise Problem("csrf_failed", headers={"Set-Cookie": new_csrf_cookie()})
    sent = await _read_form(request)
    in_form = sent.get(CSRF_COOKIE)
    check_csrf(request, request.headers.get(CSRF_HEADER) or (in_form if isinstance(in_form, str) else None))
    body = validated(AdminLogIn, sent)
    _, session = await open_session(request, body.username, body.password)
    response = JSONResponse({"message": "logged in"})
    set_cookies(response, session)
    return response


@router.get("/public/login/")
async def admin_login_page() -> Response:
    """The front end shows the log-in by itself; Piccolo's bare page for it would be a second one."""
    return RedirectResponse("../../", 303)


@router.api_route("/public/login/{rest:path}", methods=["GET", "POST"])
async def below_admin_login(rest: str) -> None:
    """Hides Piccolo's own log-in, which answers at all of these."""
    raise Problem("not_found")


@router.post("/public/logout/")
async def admin_logout(request: Request) -> Response:
    check_csrf(request, request.headers.get(CSRF_HEADER))
    token = request.cookies.get(SESSION_COOKIE, "")
    if caller := await repeat(is_lost, 2, find_caller, hash_token(token)):
        await log_out(caller.id, hash_token(token))
    response = PlainTextResponse("Successfully logged out")
    clear_cookies(response)
    return response


@router.post("/api/change-password/")
async def admin_change_password(request: Request) -> Response:
    """Ends this session too, since the front end then asks for a log-in with the new password."""
    body = validated(AdminPasswordChange, await _read_form(request))
    if body.confirm_new_password != body.new_password:
        raise Problem("validation_error", errors=[FieldError("confirm_new_password", "passwords_differ")])
    await change_password(password_attempt(request, body, keeps_session=False))
    response = JSONResponse({"message": "Password changed"})
    clear_cookies(response)
    return response


async def _read_form(request: Request) -> dict[str, Any]:
    """The fields of a form without its files, or of an object in JSON."""
    if not is_json(request):
        async with request.form() as form:
            return {name: text for name, text in form.items() if isinstance(text, str)}
    sent = await read_json(request)
    return sent if isinstance(sent, dict) else {}
