"""What every fetcher promises (ports/fetcher.py), before a server that does what it should not."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest

from imageferry.domain.errors import BadInput, BadSource, FerryError, TimedOut, TooLarge, Unavailable
from imageferry.ports.fetcher import START_OVER, Fetcher, Mark
from tests.hostile_server import Asked, Hostile, answer, drips, file_of, hangs, pours, says

MIB = 1 << 20
BODY = random.Random(7).randbytes(3 * MIB + 5)


class Make(Protocol):
    """Makes the fetcher under test. Loopback is open for it unless ``allowed`` says otherwise."""

    def __call__(
        self,
        *,
        allowed: Sequence[str] = ("127.0.0.0/8",),
        denied: Sequence[str] = (),
        ports: Sequence[int] = (),
        resolve: Callable[[str, int], Sequence[str]] | None = None,
        **patience: float,
    ) -> Fetcher: ...


def fetched(fetcher: Fetcher, url: str, *, max_bytes: int = 64 * MIB, piece: int = 100_000, **options: Any) -> bytes:
    """All of it."""
    watch = options.pop("watch", lambda: None)
    after: int = options.get("after", 0)
    buffer = bytearray(piece)
    whole = bytearray()
    with fetcher.open(url, max_bytes=max_bytes, watch=watch, **options) as incoming:
        while count := incoming.readinto(memoryview(buffer)):
            whole += buffer[:count]
            assert len(whole) <= max_bytes
        assert incoming.size in (None, after + len(whole))
    return bytes(whole)


def refused(fetcher: Fetcher, url: str, **options: Any) -> FerryError:
    with pytest.raises(FerryError) as caught:
        fetched(fetcher, url, **options)
    return caught.value


class FetcherContract:
    """``make`` makes fetchers, ``server`` is the place to fetch from."""

    # -- what is there comes, as it is --------------------------------------------------

    def test_a_file_comes_as_it_is_and_nothing_is_told_of_us(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(answer(body=BODY)))
        assert fetched(make(), url) == BODY
        (asked,) = server.asked
        assert asked.headers["accept-encoding"] == "identity"
        assert asked.headers["host"] == f"127.0.0.1:{server.port}"
        assert not {"cookie", "authorization", "referer", "x-auth-token"} & set(asked.headers)

    def test_the_query_goes_along_and_the_fragment_does_not(self, make: Make, server: Hostile) -> None:
        server.serves("/disk?sig=a%2Fb&x=1", says(answer(body=b"x")))
        assert fetched(make(), server.url("/disk?sig=a%2Fb&x=1#part")) == b"x"

    def test_chunks_are_joined(self, make: Make, server: Hostile) -> None:
        parts = [BODY[i : i + 70_000] for i in range(0, len(BODY), 70_000)]
        body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nTrailer: x\r\n\r\n"
        url = server.serves("/disk", says(answer(body=body, Transfer_Encoding="chunked")))
        assert fetched(make(), url) == BODY

    def test_without_a_length_the_end_is_the_end(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(b"HTTP/1.0 200 OK\r\n\r\n" + BODY))
        assert fetched(make(), url) == BODY

    def test_an_empty_file_is_a_file(self, make: Make, server: Hostile) -> None:
        assert fetched(make(), server.serves("/disk", says(answer()))) == b""

    def test_proxies_of_the_environment_are_not_asked(
        self, make: Make, server: Hostile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert fetched(make(), server.serves("/disk", says(answer(body=b"x")))) == b"x"

    # -- addresses ----------------------------------------------------------------------

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.1"]
    )
    def test_a_name_that_leads_inside_is_refused_unseen(self, make: Make, server: Hostile, address: str) -> None:
        url = server.serves("/disk", says(answer(body=b"x"))).replace("127.0.0.1", "disks.example")
        error = refused(make(allowed=(), resolve=lambda host, port: [address]), url)
        assert isinstance(error, BadSource)
        assert error.reason == "forbidden-address"
        assert server.asked == []

    def test_the_name_is_looked_up_once_and_connected_to_as_judged(self, make: Make, server: Hostile) -> None:
        """Rebinding: a second look would lead elsewhere."""
        looks: list[str] = []

        def resolve(host: str, port: int) -> Sequence[str]:
            looks.append(host)
            return ["127.0.0.1"] if len(looks) == 1 else ["127.0.0.2"]

        server.serves("/disk", says(answer(body=b"x")))
        fetcher = make(allowed=("127.0.0.1/32",), resolve=resolve)
        assert fetched(fetcher, server.url("/disk", "disks.example")) == b"x"
        assert looks == ["disks.example"]
        assert server.asked[0].headers["host"] == f"disks.example:{server.port}"

    def test_of_several_addresses_the_closed_ones_are_left_out(self, make: Make, server: Hostile) -> None:
        server.serves("/disk", says(answer(body=b"x")))
        fetcher = make(allowed=("127.0.0.1/32",), resolve=lambda host, port: ["127.0.0.9", "10.0.0.1", "127.0.0.1"])
        assert fetched(fetcher, server.url("/disk", "disks.example")) == b"x"

    def test_a_denied_network_stays_closed_within_an_allowed_one(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(answer(body=b"x")))
        error = refused(make(denied=("127.0.0.1/32",)), url)
        assert "closed by the administrator" in str(error)

    def test_ports_that_are_not_on_the_list_are_refused(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(answer(body=b"x")))
        error = refused(make(ports=(80, 443)), url)
        assert isinstance(error, BadSource)
        assert error.reason == "forbidden-port"
        assert fetched(make(ports=(server.port,)), url) == b"x"

    def test_a_host_that_is_not_there_is_named(self, make: Make) -> None:
        def resolve(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

        error = refused(make(resolve=resolve), "http://nowhere.example/disk?token=secret")
        assert isinstance(error, BadSource)
        assert (error.reason, "nowhere.example" in str(error), "secret" in str(error)) == ("unknown-host", True, False)

    def test_a_look_up_that_hangs_ends(self, make: Make) -> None:
        def resolve(host: str, port: int) -> Sequence[str]:
            time.sleep(20)
            return []

        began = time.monotonic()
        error = refused(make(resolve=resolve, connect_s=0.1), "http://slow.example/disk")
        assert isinstance(error, Unavailable)
        assert time.monotonic() - began < 15

    def test_nobody_at_home_is_said_so(self, make: Make) -> None:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        error = refused(make(), f"http://127.0.0.1:{port}/disk")
        assert isinstance(error, Unavailable)
        assert "refused" in str(error)

    # -- redirects ----------------------------------------------------------------------

    def test_redirects_are_followed_and_what_is_sent_stays_the_same(self, make: Make, server: Hostile) -> None:
        server.serves("/disk", says(answer(body=b"x")))
        for n, target in enumerate(["/1", server.url("/2"), "/3?x=1", "4", "/disk"]):
            path = "/3?x=1" if n == 3 else f"/{n}"
            server.serves(path, says(answer("302 Found", Location=target, Set_Cookie="a=b")))
        assert fetched(make(), server.url("/0")) == b"x"
        assert server.paths() == ["/0", "/1", "/2", "/3?x=1", "/4", "/disk"]
        assert all("cookie" not in asked.headers for asked in server.asked)

    def test_six_redirects_are_too_many_and_a_loop_ends(self, make: Make, server: Hostile) -> None:
        url = server.serves("/loop", says(answer("301 Moved", Location="/loop")))
        error = refused(make(), url)
        assert isinstance(error, BadSource)
        assert (error.reason, len(server.asked)) == ("redirect", 6)

    @pytest.mark.parametrize(
        "target",
        [
            "file:///etc/passwd",
            "gopher://127.0.0.1/x",
            "ftp://127.0.0.1/x",
            "http://10.0.0.1/x",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/x",
            "http://[::ffff:10.0.0.1]/x",
            "http://127.1/x",
            "http://2130706433/x",
            "http://0x7f.1/x",
            "http://user:secret@127.0.0.1/x",
            "http://127.0.0.1\\@example.org/x",
            "//localhost/x",
            "http://",
            "http://[",
            "//",
        ],
    )
    def test_a_redirect_to_where_nobody_may_go_ends_it(self, make: Make, server: Hostile, target: str) -> None:
        url = server.serves("/disk", says(answer("302 Found", Location=target)))
        error = refused(make(allowed=("127.0.0.1/32",), denied=("127.0.0.1/32",) if "localhost" in target else ()), url)
        assert isinstance(error, BadSource)
        assert "secret" not in str(error)

    def test_a_redirect_is_judged_by_what_its_name_leads_to(self, make: Make, server: Hostile) -> None:
        there = server.url("/inside", "inside.example")
        server.serves("/inside", says(answer(body=b"secret")))
        url = server.serves("/disk", says(answer("302 Found", Location=there)))
        error = refused(make(allowed=("127.0.0.1/32",), resolve=lambda host, port: ["127.0.0.3"]), url)
        assert isinstance(error, BadSource)
        assert (error.reason, server.paths()) == ("forbidden-address", ["/disk"])

    def test_a_redirect_is_bound_to_the_ports_on_the_list(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(answer("302 Found", Location="http://127.0.0.1:22/x")))
        error = refused(make(ports=(server.port,)), url)
        assert isinstance(error, BadSource)
        assert error.reason == "forbidden-port"

    # -- answers that are not the file --------------------------------------------------

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("404 Not Found", "404 Not Found"),
            ("403 No", "logging in"),
            ("204 No", "204"),
            ("206 Part", "206"),
            ("999 X", "999"),
        ],
    )
    def test_another_status_is_no_file(self, make: Make, server: Hostile, status: str, words: str) -> None:
        server.serves("/disk?sig=secret", says(answer(status, b"the page")))
        error = refused(make(), server.url("/disk?sig=secret"))
        assert isinstance(error, BadSource)
        assert error.reason == "status"
        assert words in str(error)
        assert "secret" not in str(error)

    def test_a_server_in_trouble_is_asked_again(self, make: Make, server: Hostile) -> None:
        answers = iter([answer("503 Busy"), answer("502 Bad"), answer(body=b"x")])
        url = server.serves("/disk", lambda _, wire, __: wire.sendall(next(answers)))
        assert fetched(make(), url) == b"x"

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "br", "identity, gzip", "zstd"])
    def test_encoded_answers_are_refused(self, make: Make, server: Hostile, encoding: str) -> None:
        error = refused(make(), server.serves("/disk", says(answer(body=b"x" * 99, Content_Encoding=encoding))))
        assert isinstance(error, BadSource)
        assert error.reason == "encoding"

    @pytest.mark.parametrize(
        "data",
        [
            b"SSH-2.0-OpenSSH_9.6\r\n" + b"x" * 500,
            b"\x00" * 2000,
            b"220 ftp ready\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nA\x00b: 1\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X-%05d: y\r\n" % 1 * 20_000 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500_000 + b"\r\n\r\n",
            b"HTTP/1.1 " + b"100 Continue\r\n\r\nHTTP/1.1 " * 500 + b"200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1" + b";x" * 100_000 + b"\r\nh\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"T: x\r\n" * 50_000 + b"\r\n",
        ],
        ids=lambda data: repr(data[-30:]),
    )
    def test_nonsense_is_an_error_and_bounded(self, make: Make, server: Hostile, data: bytes) -> None:
        error = refused(make(), server.serves("/disk", says(data)), max_bytes=MIB)
        assert isinstance(error, BadSource | TooLarge | Unavailable)
        assert len(str(error)) < 400

    def test_chunks_with_next_to_nothing_in_them_are_refused(self, make: Make, server: Hostile) -> None:
        head = answer(Transfer_Encoding="chunked")
        error = refused(make(), server.serves("/disk", pours(head, b"1\r\nx\r\n" * 5000)))
        assert isinstance(error, BadSource)
        assert "chunks" in str(error)

    # -- sizes --------------------------------------------------------------------------

    def test_an_announced_size_over_the_limit_is_refused_at_once(self, make: Make, server: Hostile) -> None:
        error = refused(make(), server.serves("/disk", hangs(answer(Content_Length="1001"))), max_bytes=1000)
        assert isinstance(error, TooLarge)
        assert (error.limit, error.found) == (1000, 1001)

    @pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n\r\n", answer(Transfer_Encoding="chunked")])
    def test_an_endless_body_ends_at_the_limit(self, make: Make, server: Hostile, head: bytes) -> None:
        piece = b"x" * 65536 if head.startswith(b"HTTP/1.0") else b"10000\r\n" + b"x" * 65536 + b"\r\n"
        error = refused(make(), server.serves("/disk", pours(head, piece)), max_bytes=MIB)
        assert isinstance(error, TooLarge)

    def test_more_than_announced_is_a_lie(self, make: Make, server: Hostile) -> None:
        error = refused(make(), server.serves("/disk", says(answer(body=b"hello", Content_Length="4"))))
        assert isinstance(error, BadSource)
        assert "4 bytes" in str(error)

    def test_less_than_announced_is_a_break_and_in_the_end_an_error(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(answer(body=b"hello", Content_Length="9", ETag='"a"')))
        error = refused(make(), url)
        assert isinstance(error, BadSource)  # the same answer to the range: not the rest
        url = server.serves("/plain", says(answer(body=b"hello", Content_Length="9")))
        error = refused(make(), url)
        assert isinstance(error, BadSource)
        assert (error.reason, "5 bytes" in str(error)) == ("broken", True)

    # -- breaks -------------------------------------------------------------------------

    def test_after_breaks_the_rest_is_asked_for(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", file_of(BODY, break_at=[100_000, 100_001, 2 * MIB]))
        assert fetched(make(), url) == BODY
        asked = [(each.headers.get("range"), each.headers.get("if-range")) for each in server.asked]
        assert asked == [(None, None), *((f"bytes={n}-", '"one"') for n in (100_000, 100_001, 2 * MIB))]

    def test_a_date_serves_to_go_on_as_well(self, make: Make, server: Hostile) -> None:
        date = "Fri, 20 Nov 2026 07:28:02 GMT"

        def play(_: Hostile, wire: socket.socket, asked: Asked) -> None:
            if "range" in asked.headers:
                assert asked.headers["if-range"] == date
                wire.sendall(answer("206 P", b"67", Content_Range="bytes 5-6/7", Last_Modified=date, ETag='W/"x"'))
            else:
                wire.sendall(answer(body=b"12345", Content_Length="7", Last_Modified=date, ETag='W/"x"'))

        assert fetched(make(), server.serves("/disk", play)) == b"1234567"

    @pytest.mark.parametrize(
        "second",
        [
            answer(body=b"another", ETag='"two"'),
            answer("206 P", b"67", Content_Range="bytes 5-6/7", ETag='"two"'),
            answer("206 P", b"67", Content_Range="bytes 4-5/7", ETag='"one"'),
            answer("206 P", b"678", Content_Range="bytes 5-7/8", ETag='"one"'),
            answer("206 P", b"67", ETag='"one"'),
            answer("206 P", b"6789", Content_Range="bytes 5-6/7", ETag='"one"'),
            answer("416 R", Content_Range="bytes */3"),
            answer("412 P"),
        ],
    )
    def test_a_file_that_changed_in_between_is_never_mixed(self, make: Make, server: Hostile, second: bytes) -> None:
        answers = iter([answer(body=b"12345", Content_Length="7", ETag='"one"'), second])
        error = refused(make(), server.serves("/disk", lambda _, wire, __: wire.sendall(next(answers))))
        assert isinstance(error, BadSource)
        assert error.reason == "changed"

    def test_a_later_call_goes_on_with_the_mark_of_an_earlier_one(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", file_of(BODY))
        with make().open(url, max_bytes=64 * MIB, watch=lambda: None) as incoming:
            mark = incoming.mark
        assert mark == Mark(etag='"one"', size=len(BODY))
        assert fetched(make(), url, after=MIB, mark=mark) == BODY[MIB:]
        assert (server.asked[1].headers["range"], server.asked[1].headers["if-range"]) == (f"bytes={MIB}-", '"one"')

    def test_a_later_call_that_breaks_goes_on_too(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", file_of(BODY, break_at=[2 * MIB]))
        assert fetched(make(), url, after=MIB, mark=Mark(etag='"one"', size=len(BODY))) == BODY[MIB:]
        assert [each.headers["range"] for each in server.asked] == [f"bytes={MIB}-", f"bytes={2 * MIB}-"]

    @pytest.mark.parametrize(
        "mark", [Mark(etag='"two"'), Mark(etag='"one"', size=5), Mark(), Mark(etag='W/"one"'), Mark(last_modified="?")]
    )
    def test_another_file_does_not_go_on_where_the_first_was_left(
        self, make: Make, server: Hostile, mark: Mark
    ) -> None:
        error = refused(make(), server.serves("/disk", file_of(BODY)), after=MIB, mark=mark)
        assert isinstance(error, BadSource)
        assert error.reason in START_OVER

    def test_what_came_before_counts_for_the_limit(self, make: Make, server: Hostile) -> None:
        mark = Mark(etag='"one"')
        error = refused(make(), server.serves("/disk", file_of(BODY)), after=MIB, mark=mark, max_bytes=2 * MIB)
        assert isinstance(error, TooLarge)

    @pytest.mark.parametrize("etag", ["", 'W/"one"'])
    def test_what_cannot_be_gone_on_with_has_no_mark(self, make: Make, server: Hostile, etag: str) -> None:
        url = server.serves("/disk", file_of(BODY, etag=etag))
        with make().open(url, max_bytes=64 * MIB, watch=lambda: None) as incoming:
            assert incoming.mark is None

    def test_a_connection_that_breaks_every_time_is_given_up(self, make: Make, server: Hostile) -> None:
        error = refused(make(), server.serves("/disk", file_of(BODY, break_at=[10] * 50)))
        assert isinstance(error, Unavailable)
        assert len(server.asked) == 4
        assert "10 bytes" in str(error)

    # -- time ---------------------------------------------------------------------------

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200", answer(Content_Length="9", ETag='"a"') + b"hi"])
    def test_silence_is_given_up(self, make: Make, server: Hostile, head: bytes) -> None:
        began = time.monotonic()
        error = refused(make(stall_s=0.2), server.serves("/disk", hangs(head)))
        assert isinstance(error, Unavailable | BadSource)
        assert "nothing came" in str(error) or error.reason == "changed"  # type: ignore[union-attr]
        assert time.monotonic() - began < 15

    @pytest.mark.parametrize("what", ["body", "head"])
    def test_a_drip_is_given_up(self, make: Make, server: Hostile, what: str) -> None:
        head, body = answer(Content_Length="100000", ETag='"a"'), b"x" * 1000
        play = drips(head, body, pause_s=0.02) if what == "body" else drips(b"", head + body, pause_s=0.02)
        began = time.monotonic()
        error = refused(make(stall_s=0.5, least_bytes=1000), server.serves("/disk", play))
        assert isinstance(error, TimedOut)
        assert time.monotonic() - began < 5

    def test_our_own_slowness_is_not_held_against_the_source(self, make: Make, server: Hostile) -> None:
        url = server.serves("/disk", says(answer(body=b"x" * 3000)))
        buffer = memoryview(bytearray(1000))
        with make(stall_s=0.2, least_bytes=100_000).open(url, max_bytes=MIB, watch=lambda: None) as incoming:
            for _ in range(3):
                assert incoming.readinto(buffer)
                time.sleep(0.2)

    def test_the_whole_has_its_time(self, make: Make, server: Hostile) -> None:
        def play(server: Hostile, wire: socket.socket, asked: Asked) -> None:
            wire.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            while not server.closing.wait(0.05):
                wire.sendall(b"x" * 2000)

        error = refused(make(stall_s=0.5, least_bytes=100, total_s=1.2), server.serves("/disk", play))
        assert isinstance(error, TimedOut)
        assert error.seconds == 1.2

    def test_who_watches_can_end_it(self, make: Make, server: Hostile) -> None:
        class Enough(Exception):
            pass

        looks = iter(range(100))

        def watch() -> None:
            if next(looks) >= 2:
                raise Enough

        url = server.serves("/disk", hangs(answer(Content_Length="9")))
        began = time.monotonic()
        with pytest.raises(Enough):
            fetched(make(), url, watch=watch)
        assert time.monotonic() - began < 5

    def test_nothing_stays_open(self, make: Make, server: Hostile) -> None:
        before = threading.active_count()
        with make().open(server.serves("/d", hangs(answer(Content_Length="9"))), max_bytes=99, watch=lambda: None):
            pass
        until = time.monotonic() + 5
        server.closing.set()
        while threading.active_count() > before and time.monotonic() < until:
            time.sleep(0.02)
        assert threading.active_count() <= before

    # -- what can be said beforehand ----------------------------------------------------

    @pytest.mark.parametrize(
        "url", [None, 5, "", "x", "file:///etc/passwd", "http://", "http://u:p@h/", "http://127.1/"]
    )
    def test_a_bad_url_is_refused_before_anybody_is_asked(self, make: Make, url: object) -> None:
        with pytest.raises(BadInput, match="import_from"):
            make().check(url, field="import_from")

    def test_a_good_url_passes_the_check(self, make: Make) -> None:
        assert str(make().check("HTTPS://Example.org/disk.qcow2?sig=s")) == "https://example.org/disk.qcow2"
