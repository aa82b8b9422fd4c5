"""The API's own description: for programs as OpenAPI, for people as a page made from it."""

from __future__ import annotations

import functools
import json

from werkzeug.wrappers import Request, Response

from kit.http import Access, http
from services.gateway.api.introduction import SECTIONS
from services.gateway.api.openapi import document
from services.gateway.api.operations import OPERATIONS, PREFIX
from services.gateway.api.reference import chapters
from services.gateway.pages import Pages
from services.gateway.routes.base import Routes


class DocumentRoutes(Routes):
    """The same for everybody."""

    @http("GET", f"{PREFIX}/openapi.json", access=Access.PUBLIC)
    def show_openapi(self, request: Request, caller: None) -> Response:
        text = _document(self.settings.public_url)
        return self.browser.protect(Response(text, content_type="application/json"))

    @http("GET", f"{PREFIX}/reference", access=Access.PUBLIC)
    def show_reference(self, request: Request, caller: None) -> Response:
        text = _reference(self.pages, self.settings.public_url)
        return self.browser.protect(Response(text, content_type="text/html; charset=utf-8"))


@functools.cache
def _document(server: str) -> str:
    return json.dumps(document(OPERATIONS, server), ensure_ascii=False)


@functools.cache
def _reference(pages: Pages, server: str) -> str:
    described = document(OPERATIONS, server)
    shown = chapters(described)
    return pages.text("reference.html", document=described, chapters=shown, introduction=SECTIONS)
