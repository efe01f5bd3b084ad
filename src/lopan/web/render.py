"""Templates to answers: everything escaped, an undefined name is an error, compressed as the reader takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from lopan.control.principal import Principal
from lopan.web import assets, charts, compress, figures, navigation
from lopan.web.parts import parts_of

THEME_COOKIE = "lopan_theme"
_DELIVERY_TONES = {
    "waiting": "pending",
    "claimed": "pending",
    "sent": "resolved",
    "failed": "critical",
    "dropped": "info",
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lopan.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(figures=figures, charts=charts, asset=assets.address, delivery_tones=_DELIVERY_TONES)
    environment.filters["script_json"] = lambda value: Markup(charts.script_json(value))  # noqa: S704 - escaped there
    environment.filters["scale"] = charts.scale
    environment.filters["code"] = _code
    # markdown-it rendered it with raw HTML off.
    environment.filters["playbook_html"] = lambda playbook: Markup(playbook.html)  # noqa: S704
    return environment


def _code(text: str) -> Markup:
    """Text of a docstring: what stands between backticks becomes code, everything is escaped."""
    wrap = (Markup("{}"), Markup("<code>{}</code>"))
    pieces = [wrap[index % 2].format(piece) for index, piece in enumerate(text.split("`"))]
    return Markup("").join(pieces)


_TEMPLATES = _environment()


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    principal: Principal | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a whole page; ``context`` adds to what the frame needs. Never stored by anyone on the way."""
    pages = navigation.visible(principal)
    frame = {
        "principal": principal,
        "pages": pages,
        "path": request.url.path,
        "opened": navigation.around(pages, request.url.path),
        "theme": theme(request),
        "firing": 0,
        "csrf": request.app.state.auth.token(request),
    }
    body = _TEMPLATES.get_template(template).render(frame | shared(request) | dict(context)).encode()
    body, coding = compress.answer(body, request.headers)
    return Response(body, status, {**(headers or {}), **coding}, media_type="text/html")


def fragment(request: Request, template: str, macro: str, *arguments: object) -> str:
    """One macro of a template, for the live stream; the same markup that the page had."""
    return str(drawn(request, template, macro, *arguments))


def drawn(request: Request, template: str, macro: str, *arguments: object) -> Markup:
    """As ``fragment``, to stand in another template."""
    module = _TEMPLATES.get_template(template).make_module(shared(request))
    found: Markup = getattr(module, macro)(*arguments)
    return found.strip()


def text(template: str, context: Mapping[str, Any]) -> str:
    """A template without a request: what is sent instead of shown."""
    return _TEMPLATES.get_template(template).render(context)


def shared(request: Request) -> dict[str, Any]:
    """What pages and fragments alike refer to: the time, the zone, the address of this Lopan."""
    parts = parts_of(request)
    return {"now": parts.clock.now(), "zone": parts.zone, "public_url": parts.config.public_url}


def theme(request: Request) -> str:
    """``light`` or ``dark`` when the reader chose one, else empty: the system's choice."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in ("light", "dark") else ""
