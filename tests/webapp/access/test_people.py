from flask import Flask

from tests.webapp import people
from webapp.access.actor import Role


def test_made_person_is_signed_in_and_streams_live_news(app: Flask) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    answer = browser.get("/live")
    assert answer.status_code == 200
    assert answer.mimetype == "text/event-stream"
    answer.close()


def test_stranger_is_not(app: Flask) -> None:
    assert people.browser(app).get("/live").status_code == 401
