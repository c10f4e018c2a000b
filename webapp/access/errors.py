"""One place that turns errors into pages, or into JSON for scripts."""

from __future__ import annotations

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from core.errors import Conflict, Invalid, NotFound, Refused, Unavailable, WellhouseError
from core.ids import new_id
from core.log import EventLog
from webapp.access.rules import ABSENT
from webapp.access.step_up import ProofNeeded
from webapp.ui.frame import Bar, Reader

log = EventLog("wellhouse.errors")

STATUS: dict[type[WellhouseError], int] = {NotFound: 404, Refused: 403, Invalid: 400, Conflict: 409, Unavailable: 503}


def install(app: Flask) -> None:
    """Answer every error of *app* with a sentence and what to do next."""

    @app.errorhandler(WellhouseError)
    def wellhouse_error(error: WellhouseError) -> ResponseReturnValue:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        if status >= 500:
            _ask_the_database_nothing()
        if status == 500:
            log.error("error.internal", kind=type(error).__name__, endpoint=request.endpoint)
            return _answer(500, _internal())
        # Rules speak before the language is known; what they raise is a message id.
        sentence = gettext(ABSENT) if isinstance(error, NotFound) else error.sentence
        if isinstance(error, ProofNeeded):
            sentence = gettext("Please show once more that it is you, then send it again. Nothing was changed.")
        answer = _answer(status, sentence, confirm_url=error.url if isinstance(error, ProofNeeded) else "")
        if isinstance(error, Unavailable):
            answer.headers["Retry-After"] = str(error.retry_after_s)
        return answer

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> ResponseReturnValue:
        return _answer(400, gettext("This page was open for too long. Go back, reload it, and send it again."))

    @app.errorhandler(SecurityError)
    def foreign_name(_error: SecurityError) -> ResponseReturnValue:
        # Under a name that is not ours no address of ours can be written, so this is no page.
        return Response("This site has another name. Open it by the address that the clinic gave you.\n", 400)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if status < 400:
            return error.get_response()
        sentences = {
            404: gettext(ABSENT),
            405: gettext(ABSENT),
            413: gettext("That is too large to send. Files may have up to 50 MB."),
            429: gettext("That was a little too often. Please wait a minute and try again."),
        }
        return _answer(status, sentences.get(status) or gettext("We could not understand that. Go back and try again."))

    @app.errorhandler(Exception)
    def fault(error: Exception) -> ResponseReturnValue:  # the outermost boundary: nothing else may answer a fault
        if app.testing:
            raise error
        reference = str(new_id())[:8]
        log.exception("error.fault", reference=reference, endpoint=request.endpoint)
        _ask_the_database_nothing()
        return _answer(500, _internal(), reference=reference)


def _ask_the_database_nothing() -> None:
    # It may be what failed: a page that must still ask for whom it is written would fail in turn.
    g.setdefault("ui_reader", Reader())
    g.setdefault("ui_bar", Bar())


def _internal() -> str:
    return gettext("Something went wrong on our side. Nothing you entered was changed. Please try again.")


def _answer(status: int, sentence: str, *, reference: str = "", confirm_url: str = "") -> Response:
    declared = g.get("declared")
    if declared is not None and declared.json:
        answer = jsonify(error=str(status), sentence=sentence, reference=reference)
        answer.status_code = status
        return answer
    page = render_template(
        "ui/error.html", status=status, sentence=sentence, reference=reference, confirm_url=confirm_url
    )
    return make_response(page, status)
