"""Security headers of every answer (ASVS 3.4)."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from core.settings import Settings

_CAMERA_ENDPOINTS: set[str] = set()


def may_use_camera(*endpoints: str) -> None:
    """These pages alone may ask for camera, microphone and screen: lobby, room, connection check."""
    _CAMERA_ENDPOINTS.update(endpoints)


def install(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer of *app* and ``csp_nonce()`` to its templates."""
    hosts = " ".join(sorted(origin.replace("https://", "wss://") for origin in settings.origins))

    @app.template_global()
    def csp_nonce() -> str:
        if "csp_nonce" not in g:
            g.csp_nonce = secrets.token_urlsafe(18)
        return str(g.csp_nonce)

    @app.after_request
    def protect(response: Response) -> Response:
        camera = "self" if request.endpoint in _CAMERA_ENDPOINTS else ""
        uses = ", ".join(f"{use}=({camera})" for use in ("camera", "microphone", "display-capture"))
        headers = response.headers
        if response.mimetype == "text/html":
            # Browsers older than Safari 15.4 do not match 'self' to wss:, so the hosts are named.
            headers["Content-Security-Policy"] = (
                f"default-src 'none'; script-src 'nonce-{csp_nonce()}' 'strict-dynamic'; style-src 'self'; "
                f"img-src 'self' data: blob:; connect-src 'self' {hosts}; media-src 'self' blob:; font-src 'self'; "
                "manifest-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
                "form-action 'self'; require-trusted-types-for 'script'"
            )
        headers["Strict-Transport-Security"] = "max-age=63072000"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = f"{uses}, geolocation=(), payment=(), usb=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if not headers.get("Cache-Control"):
            headers["Cache-Control"] = "no-store"
        return response
