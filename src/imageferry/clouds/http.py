"""Calls to a cloud over keystoneauth: time limits, retries, fresh tokens, and one seam for errors.

Redirects are never followed: keystoneauth would send the token along to any host. A body that
streams is made anew for every try, since a body that is half gone cannot be sent again. The
library's own logging of requests is off (bodies hold passwords); one line a call is logged here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from keystoneauth1 import exceptions as ks
from keystoneauth1.session import Session, TCPKeepAliveAdapter
from requests.structures import CaseInsensitiveDict

from imageferry.clouds.trouble import AGAIN, Call, LoginRefused, Reply, error_for, shown
from imageferry.domain.errors import FerryError, Refused, TooLarge, Unavailable
from imageferry.ports.clock import Sleep

Answer = requests.Response

_LOG = logging.getLogger("imageferry.clouds")

CHUNK = 1 << 20  # bytes handed to the socket at once; the library's 16 KiB cost a third of the speed
MAX_DOCUMENT = 64 << 20  # bytes of an answer that is read whole
CONNECT_S = 10.0
READ_S = 60.0  # without a byte
UPLOAD_READ_S = 600.0  # after the last byte a cloud hashes and copies before it answers
TRIES = 5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


class Body(Protocol):
    """What is sent: read in pieces, of a known length."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def read(self, size: int = -1) -> bytes: ...


class _BigBlocks(TCPKeepAliveAdapter):  # type: ignore[misc]
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, blocksize=CHUNK)


class Http:
    """A logged-in way to one cloud. May be used by many threads.

    Args:
        token: the one token of clouds that have no log-in. No other can be had, and no answer repeats it.
    """

    def __init__(
        self, session: Session, cloud: str, *, sleep: Sleep = time.sleep, connections: int = 16, token: str = ""
    ) -> None:
        self._session = session
        self._token = token
        self.cloud = cloud
        self._sleep = sleep
        session.redirect = False
        for scheme in ("https://", "http://"):
            session.session.mount(scheme, _BigBlocks(pool_connections=connections, pool_maxsize=connections))

    # --- what is known of the log-in ---------------------------------------------------------

    def access(self) -> Any:
        """Who we are and what is offered (keystoneauth's AccessInfo); logs in if needed."""
        with self._in_our_words(Call(self.cloud, "log in")):
            return self._session.auth.get_access(self._session)

    @property
    def catalog(self) -> list[Any]:
        """The services that the token tells of."""
        catalog = self.access().service_catalog
        return list(catalog.catalog) if catalog is not None else []

    @property
    def project_id(self) -> str:
        found = self.access().project_id
        if not found:
            raise Refused(f"cloud {self.cloud}", "no project", "the log-in is for no project; name one in clouds.yaml")
        return str(found)

    def renew(self) -> None:
        """Ask for a new token before the next call, where another can be had."""
        if not self._token:
            self._session.invalidate()

    def close(self) -> None:
        self._session.session.close()

    # --- calls -------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: object = None,
        body: Callable[[], Body | bytes] | None = None,
        expect: frozenset[int] = frozenset(),
        repeat: bool | None = None,
        read_s: float = READ_S,
    ) -> Reply:
        """Make a call and read its answer.

        Args:
            body: makes the body, for each try anew.
            expect: statuses besides 2xx that the caller understands.
            repeat: whether it may be made again after a failure; None: if the method allows it.

        Raises:
            Refused, NotFound, Forbidden, NotAuthenticated, Conflict, Unavailable: as the status says.
        """
        again = method != "POST" and method != "PATCH" if repeat is None else repeat
        renewed = False
        for attempt in range(1, TRIES + 1):
            try:
                with self._asked(method, url, call, headers, params, json, body, read_s) as answer:
                    reply = self._whole(answer, call)
            except Unavailable:
                if not again or attempt == TRIES:
                    raise
                if body is not None:
                    self.renew()  # who refuses a token may cut the connection while we still send
                self._pause(attempt, call, "the connection broke")
                continue
            if reply.status == 401 and not renewed and not self._token:
                renewed = True
                self.renew()
                continue
            if reply.good or reply.status in expect:
                return reply
            if not (again and reply.status in AGAIN) or attempt == TRIES:
                raise error_for(reply, call)
            self._pause(attempt, call, str(reply.status), reply.headers.get("Retry-After", ""))
        raise LoginRefused(why="a fresh token is refused as well", cloud=self.cloud)

    @contextmanager
    def open(self, url: str, call: Call, *, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """GET, with the answer's body still to be read (see ``chunks``)."""
        wanted = {"Accept-Encoding": "identity", **(headers or {})}
        for attempt in range(1, TRIES + 1):
            with self._asked("GET", url, call, wanted, None, None, None, READ_S) as answer:
                if answer.ok:
                    yield answer
                    return
                reply = self._whole(answer, call)
            if reply.status == 401 and attempt == 1 and not self._token:
                self.renew()
                continue
            if reply.status in AGAIN and attempt < TRIES:
                self._pause(attempt, call, str(reply.status), reply.headers.get("Retry-After", ""))
            else:
                raise error_for(reply, call)

    def chunks(self, answer: Answer, call: Call) -> Iterator[bytes]:
        """The body in pieces of at most 1 MiB; Unavailable when it ends before its end."""
        with self._in_our_words(call):
            while data := answer.raw.read(CHUNK, decode_content=False):
                yield data

    def pause(self, attempt: int) -> None:
        """Wait before trying again: longer each time."""
        self._sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1)))

    # --- inside ------------------------------------------------------------------------------

    @contextmanager
    def _asked(
        self,
        method: str,
        url: str,
        call: Call,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        json: object,
        body: Callable[[], Body | bytes] | None,
        read_s: float,
    ) -> Iterator[Answer]:
        options: dict[str, Any] = {} if json is None else {"json": json}
        if body is not None:
            options["data"] = body()
        began = time.monotonic()
        with self._in_our_words(call):
            answer = self._session.request(
                url,
                method,
                headers={"Accept": "application/json", **(headers or {})},
                params=params,
                authenticated=True,
                raise_exc=False,
                allow_reauth=False,
                redirect=False,
                log=False,
                stream=True,
                timeout=(CONNECT_S, read_s),
                **options,
            )
        took_ms = (time.monotonic() - began) * 1000
        _LOG.debug("%s %s: %d in %.0f ms", method, shown(urlsplit(url).path), answer.status_code, took_ms)
        try:
            yield answer
        finally:
            answer.close()

    def _whole(self, answer: Answer, call: Call) -> Reply:
        with self._in_our_words(call):
            body = answer.raw.read(MAX_DOCUMENT + 1, decode_content=True)
        if len(body) > MAX_DOCUMENT:
            raise TooLarge(f"cloud {self.cloud}, {call.act}: the answer", MAX_DOCUMENT)
        if self._token and answer.status_code >= 300:  # some clouds send back what they were sent
            body = body.replace(self._token.encode(), b"***")
            hidden = {name: value.replace(self._token, "***") for name, value in answer.headers.items()}
            return Reply(answer.status_code, CaseInsensitiveDict(hidden), body)
        return Reply(answer.status_code, answer.headers, body)

    def _pause(self, attempt: int, call: Call, why: str, retry_after: str = "") -> None:
        _LOG.debug("%s: %s, trying again (%d)", call.act, why, attempt)
        if retry_after.isdigit():
            self._sleep(min(LONGEST_PAUSE_S, float(retry_after)))
        else:
            self.pause(attempt)

    @contextmanager
    def _in_our_words(self, call: Call) -> Iterator[None]:
        """The one seam where the libraries' errors become the domain's. Wrap our own calls only."""
        try:
            yield
        except FerryError:
            raise
        except (ks.Unauthorized, ks.MissingAuthPlugin) as error:
            raise LoginRefused(why=shown(str(getattr(error, "message", "") or "")), cloud=self.cloud) from error
        except ks.SSLError as error:
            reason = f"its certificate cannot be trusted ({shown(str(error))}); give its CA as 'cacert' in clouds.yaml"
            raise Refused(f"cloud {self.cloud}", "TLS", reason) from error
        except ks.HttpError as error:
            raise error_for(_reply_of(error), call) from error
        except (ks.ClientException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"cloud {self.cloud}", reason=f"{call.act}: {shown(str(error))}") from error


def _reply_of(error: Any) -> Reply:
    response = getattr(error, "response", None)
    headers = {} if response is None else response.headers
    return Reply(int(getattr(error, "http_status", 0) or 0), headers, str(error.message or "").encode())
