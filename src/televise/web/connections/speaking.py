"""Speaking: HTTP on one connection, as aiohttp speaks it, but for two things."""

from typing import Any

from aiohttp import web
from aiohttp.web_protocol import _ErrInfo

from televise.errors import InputError

# Of answers to what is no HTTP, which no application sees: not which version of what answers.
_HEADERS = {"Server": "televise", "X-Content-Type-Options": "nosniff"}


class Speaking(web.RequestHandler):
    """What breaks the rules is answered at once, and without our version.

    aiohttp puts what is wrong with a body (a chunk whose size is no number, RFC 9112 section 7.1)
    behind the request that has it, which waits for its rest until it gives up: here it hears of it.
    """

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._messages or not isinstance(error := self._messages[-1][0], _ErrInfo):
            return
        body = self._unfinished_body()
        if body is not None and not body.is_eof():
            lines = str(error.message).split("\n")
            body.set_exception(InputError(f"the body is no HTTP: {lines[0].rstrip(':')}"))
            body.feed_eof()
            self.close()  # once that is answered

    def _unfinished_body(self) -> Any:
        """That of the request before what is wrong, which waits to be answered or is; None where
        there is none."""
        if len(self._messages) > 1:
            return self._messages[-2][1]
        return None if self._current_request is None else self._current_request.content

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        response = super().handle_error(request, status, exc, message)
        response.headers.update(_HEADERS)
        return response
