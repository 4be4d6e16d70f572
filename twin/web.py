"""What endpoints use: the route class that owns the transaction, and the dependencies for the unit of work and the principal.

One request is one transaction: :class:`TwinRoute` opens it when an endpoint asks for ``Uow``, commits after the endpoint has
returned and *before* the answer leaves, so a client that got its answer can rely on it. A write that carries ``Idempotency-Key`` is
done once however often it is sent (``twin.idempotency``).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from twin.auth.principal import Principal, current_principal
from twin.db.uow import UnitOfWork, unit_of_work
from twin.i18n import negotiate
from twin.idempotency import service as idempotency


class TwinRoute(APIRoute):
    """Commits the request's unit of work when the endpoint succeeds and rolls it back when it fails."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def run(request: Request) -> Response:
            async with AsyncExitStack() as stack:
                request.state.stack = stack
                try:
                    response = await handle(request)
                except idempotency.Replay as replay:
                    return replay.response()
                await idempotency.finish(request, response)
                return response

        return run


async def _uow(request: Request, principal: Annotated[Principal, Depends(current_principal)]) -> UnitOfWork:
    existing: UnitOfWork | None = getattr(request.state, "uow", None)
    if existing is None:
        stack: AsyncExitStack = request.state.stack
        existing = await stack.enter_async_context(
            unit_of_work(
                principal.enterprise_id, principal.account_id, origin=request.client.host if request.client else ""
            )
        )
        request.state.uow = existing
        await idempotency.begin(request, existing, principal)
    return existing


def _language(request: Request) -> str:
    return negotiate(request.headers.get("accept-language"))


#: The request's transaction; commits by itself.
Uow = Annotated[UnitOfWork, Depends(_uow)]
#: Who is asking; 401 when nobody is signed in.
CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
#: ``zh-CN`` or ``en``.
Language = Annotated[str, Depends(_language)]
