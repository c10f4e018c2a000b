"""Pictures of pages, to hold beside the drawings.

python -m tests.browser.look                                   the gallery of components
python -m tests.browser.look --demo var/demo --as provider / /clients   pages of a running demo, signed in
python -m tests.browser.look --url https://localhost:8443 /sign-in      pages that need no sign-in
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.look.gallery import PAGES, create_gallery
from tests.browser.look.shots import THEMES, WIDTHS, chromium, name_of, open_page, shoot, sign_in, switch_to_admin

GALLERY = [*(f"/{name}" for name in PAGES), "/forms?wrong=1", "/sign_in?wrong=1", "/error/404", "/error/503"]


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the pictures are what is read."""


def main() -> int:
    """Take the pictures and print where they lie."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("paths", nargs="*", help="pages, each beginning with a slash")
    asked.add_argument("--url", help="where the portal answers")
    asked.add_argument("--demo", type=Path, help="the folder of a running demo, with its demo.json")
    asked.add_argument("--as", dest="role", choices=["provider", "admin", "client"], help="sign in as the demo's …")
    asked.add_argument("--out", type=Path, default=Path("var/look"))
    asked.add_argument("--width", type=int, action="append", help="instead of 390 and 1280")
    asked.add_argument("--theme", action="append", choices=THEMES, help="instead of both")
    asked.add_argument("--screen", action="store_true", help="only what a screen holds, not the whole page")
    given = asked.parse_args()

    account: tuple[str, str] | None = None
    base = given.url
    if given.demo:
        demo = json.loads((given.demo / "demo.json").read_text())
        base = base or demo["url"]
        if given.role:
            found = next(one for one in demo["accounts"] if given.role in one["role"])
            account = (found["email"], found["password"])
    paths = given.paths
    server = None
    if not base:
        server = make_server("127.0.0.1", 0, create_gallery(), threaded=True, request_handler=_Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        paths = paths or GALLERY
    with chromium() as browser:
        for width in given.width or WIDTHS:
            for theme in given.theme or THEMES:
                page = open_page(browser, width, theme)
                page.on("console", lambda said: sys.stderr.write(f"{said.type}: {said.text}\n"))
                page.on("pageerror", lambda error: sys.stderr.write(f"error: {error}\n"))
                if account:
                    sign_in(page, base.rstrip("/"), *account)
                if given.role == "admin":
                    switch_to_admin(page)
                for path in paths:
                    name = f"{name_of(path)}-{width}-{theme}"
                    made = shoot(page, base.rstrip("/") + path, given.out, name, whole=not given.screen)
                    sys.stdout.write(f"{made}\n")
                page.context.close()
    if server:
        server.shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
