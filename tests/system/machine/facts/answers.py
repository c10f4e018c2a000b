"""What the site answers to browsers, and to those who are none."""

from __future__ import annotations

import re

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look

SIGN_IN = "/sign-in"


def _header(name: str, wanted: str, what: str) -> Fact:
    return fact(
        f"{name} says {what}",
        lambda look: re.search(wanted, look.get(SIGN_IN).headers.get(name.lower(), "")) is not None,
        lambda look: look.get(SIGN_IN).headers.get(name.lower()),
    )


def _gives_away(look: Look) -> dict[str, str]:
    headers = look.get(SIGN_IN).headers
    return {
        name: value
        for name, value in headers.items()
        if name in ("x-powered-by", "via", "x-runtime") or (name == "server" and any(map(str.isdigit, value)))
    }


def _absent(path: str, what: str) -> Fact:
    # Without a session a page that exists leads to the sign-in; one that does not, must not tell more either.
    return fact(
        f"{path} gives nothing: {what}",
        lambda look: look.get(path).status in (302, 303, 401, 403, 404) and "Traceback" not in look.get(path).body,
        lambda look: look.get(path).status,
    )


def _cookies(look: Look) -> tuple[str, ...]:
    return look.get(SIGN_IN).cookies


FACTS: tuple[Fact, ...] = (
    equal("the page to sign in is there", lambda look: look.get(SIGN_IN).status, 200),
    _header("Strict-Transport-Security", r"max-age=(?:[3-9]\d{7}|\d{9})", "for at least a year: only by TLS"),
    _header("X-Content-Type-Options", "^nosniff$", "not to guess what a file is"),
    _header("Referrer-Policy", "^(no-referrer|same-origin)$", "not to tell other sites where one comes from"),
    _header("Content-Security-Policy", r"default-src 'none'|default-src 'self'", "that nothing of others is loaded"),
    _header("Content-Security-Policy", r"frame-ancestors 'none'", "that no other page may frame this one"),
    _header("Content-Security-Policy", r"base-uri '(none|self)'", "that no markup moves the page's base"),
    _header("Content-Security-Policy", r"object-src 'none'|default-src 'none'", "that there are no plug-ins"),
    _header("Cross-Origin-Opener-Policy", "^same-origin$", "that no other page holds this one's window"),
    _header("Cross-Origin-Resource-Policy", "^same-origin$", "that no other site embeds what is here"),
    _header("Permissions-Policy", "geolocation=", "which of a device's senses may be used"),
    _header("Cache-Control", "no-store", "that pages are kept by nobody"),
    none(
        "no inline script is allowed",
        lambda look: "'unsafe-inline'" in look.get(SIGN_IN).headers.get("content-security-policy", ""),
    ),
    none("no answer tells the version of a program", _gives_away),
    fact(
        "every cookie is bound to this host, TLS and the browser",
        lambda look: (
            bool(_cookies(look))
            and all(
                c.startswith("__Host-") and "Secure" in c and "HttpOnly" in c and "SameSite" in c
                for c in _cookies(look)
            )
        ),
        _cookies,
    ),
    equal("http leads to https", lambda look: look.get("/a?b=c", scheme="http").status, 301),
    equal(
        "http leads to the same page, without what was asked in the clear",
        lambda look: look.get("/a?b=c", scheme="http").headers.get("location"),
        "https://clinic.example/a",
    ),
    equal(
        "a foreign name by http gets no answer", lambda look: look.get("/", host="x.invalid", scheme="http").status, 0
    ),
    equal("a foreign name by https is told so", lambda look: look.get("/", host="x.invalid").status, 421),
    equal("TRACE is refused", lambda look: look.get("/", "--request", "TRACE").status, 405),
    equal(
        "a form that is too large is refused",
        lambda look: look.get(SIGN_IN, "--header", "Content-Length: 9000000", "--request", "POST").status,
        413,
    ),
    equal(
        "a page of a part that is asked without a session leads to the sign-in",
        lambda look: look.get("/clients").status,
        302,
    ),
    _absent("/.git/config", "no checkout is served"),
    _absent("/.env", "no settings are served"),
    _absent("/nginx_status", "nginx tells no counters"),
    _absent("/metrics", "no counters are served"),
    _absent("/console", "there is no console"),
    _absent("/wellhouse-pages/starting.html", "nginx's own pages are not to be asked for"),
    _absent("/static/../../etc/passwd", "no path leads out"),
    _absent("/rtc/v2", "only the signalling that there is"),
    equal(
        "the media server's control cannot be asked for", lambda look: look.get("/v1/events").status in (302, 404), True
    ),
    fact(
        "TLS 1.3 is spoken",
        lambda look: "TLSv1.3" in look.greets("-tls1_3"),
        lambda look: look.greets("-tls1_3")[-300:],
    ),
    fact("TLS 1.2 is spoken", lambda look: "Cipher is ECDHE" in look.greets("-tls1_2")),
    fact(
        "TLS 1.1 is refused", lambda look: "Cipher is (NONE)" in look.greets("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    ),
    fact(
        "TLS 1.2 without forward secrecy is refused",
        lambda look: "Cipher is (NONE)" in look.greets("-tls1_2", "-cipher", "AES128-GCM-SHA256"),
    ),
    fact(
        "TLS 1.2 without authenticated encryption is refused",
        lambda look: (
            "Cipher is (NONE)" in look.greets("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA")
        ),
    ),
    fact("HTTP/2 is spoken", lambda look: "ALPN protocol: h2" in look.greets("-alpn", "h2")),
    fact(
        "the certificate names the site",
        lambda look: (
            f"DNS:{look.name}"
            in look.at_guest(
                "sh",
                "-c",
                f"echo | openssl s_client -connect 192.0.2.1:443 -servername {look.name} 2>/dev/null "
                "| openssl x509 -noout -ext subjectAltName",
            )
        ),
    ),
    fact(
        "TURN over TLS is reached by its name on the site's port",
        lambda look: "Cipher is TLS" in look.greets("-tls1_3", name=f"turn.{look.name}"),
    ),
)
