"""The web process: one port, all dialects, and the tasks walked beside them."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from imageferry import bootstrap, logs
from imageferry.db.tasks import DurableTasks
from imageferry.domain.errors import Unavailable
from imageferry.keeper import Keeper
from imageferry.service.issuing import secret_word
from imageferry.settings import Settings
from imageferry.tools.cage_walls import Walls, walls, walls_told

_M_ARENA_MAX = -8  # malloc.h
_CONNECTIONS = 1024  # open at once, idle ones included
_log = logging.getLogger("imageferry")


def serve(settings: Settings, *, first: Callable[[str], None], ready: Callable[[str], None]) -> int:
    """Run the service until SIGTERM or SIGINT.

    Args:
        first: called at the very first start with the administrator's password, to keep it.
        ready: called with the service's URL once requests are answered.

    Returns:
        The exit code. Does not return at all when something is still at work after the time
        for a graceful stop: the process then ends at once, and durable work goes on at the
        next start.
    """
    logs.set_up(settings.log_level)
    _share_memory()
    listener = _listen(*settings.address, stalled_s=2 * settings.body_idle_s)
    _log.log(logging.INFO if walls() is Walls.ROOM else logging.WARNING, walls_told())
    house = bootstrap.build(settings)
    house.services.admin.first_start(secret_word(18), first)
    edge = bootstrap.edge(house)
    tasks = bootstrap.walker(house)
    keeper = Keeper(house, tasks)
    url = _url(settings, listener)
    _write_private(settings.folder / "server.json", json.dumps({"pid": os.getpid(), "url": url}))
    quiet = uvloop.run(_run(edge, listener, settings, lambda: ready(url)))
    keeper.stop()
    return _stop(house, edge, tasks, quiet=quiet)


async def _run(app: Any, listener: socket.socket, settings: Settings, ready: Callable[[], None]) -> bool:
    """Answer requests until told to stop; returns whether all of them came to their end."""
    server = _OwnSocketServer(
        app,
        listener,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        log_enabled=False,
        log_access=False,
        http1_settings=HTTP1Settings(header_read_timeout=round(settings.head_s * 1000)),
    )
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    loop.call_later(0, lambda: threading.Thread(target=ready, name="ready").start())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
        raise Unavailable("the web server", reason="it ended by itself")
    server.stop()  # type: ignore[no-untyped-call]
    done, _ = await asyncio.wait({serving}, timeout=settings.stop_grace_s)
    return bool(done)


def _share_memory() -> None:
    """One pool of memory for all threads, where the C library is glibc.

    Blocks are made by one thread and freed by another; with a pool for each thread four parallel
    uploads of 1 GiB grew the process by 97 MiB, with one by 43, at the same speed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def _stop(house: bootstrap.House, edge: Any, tasks: DurableTasks, *, quiet: bool) -> int:
    house.services.tasks.stop()
    quiet = tasks.close(wait_s=house.settings.stop_grace_s) and quiet
    edge.close()
    (house.settings.folder / "server.json").unlink(missing_ok=True)
    if not quiet:
        os._exit(0)
    house.close()
    return 0


class _OwnSocketServer(Server):
    """Granian on a socket that is already bound.

    Granian's own sockets share their port with any other process that asks for it
    (SO_REUSEPORT), so that a second service would silently take half of the requests, and
    it does not tell which free port it took. Uses private names: Granian is pinned.
    """

    def __init__(self, app: Any, listener: socket.socket, **settings: Any) -> None:
        self._listener = listener
        super().__init__(app, **settings)

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd: Any = SocketHolder(self._listener.detach(), False, _CONNECTIONS)  # type: ignore[call-arg]


def _listen(host: str, port: int, *, stalled_s: float) -> socket.socket:
    """A listening socket. Connections whose other end takes no byte for ``stalled_s`` are closed by the system."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(stalled_s * 1000))  # connections inherit it
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = f"{host}:{port} cannot be listened on ({error.strerror}); choose another with --listen"
        raise Unavailable("the address", reason=reason) from error
    listener.listen(_CONNECTIONS)
    listener.setblocking(False)
    return listener


def _url(settings: Settings, listener: socket.socket) -> str:
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host, port = listener.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    fresh.replace(path)
