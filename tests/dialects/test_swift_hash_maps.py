"""What was made by a hash map is an object like any other through Swift."""

from __future__ import annotations

import hashlib

from imageferry.domain.access import IMPLIED, Caller, ProjectId, Role, UserId
from imageferry.domain.block import BLOCK_SIZE, EMPTY, name_of
from imageferry.domain.hash_map import HashMap
from imageferry.domain.object import StoredObject
from imageferry.service.objects import Traits
from tests.dialects.swift_service import MAX_OBJECT, Swift

ONE = b"one" * (BLOCK_SIZE // 3) + b"!"


def make(swift: Swift, name: str, holes: int) -> bytes:
    """An object of one block and holes behind it, in a container ``maps``."""
    swift.put("/maps")
    caller = Caller(user_id=UserId("u"), project_id=ProjectId(swift.project), roles=IMPLIED[Role.MEMBER])
    place = (caller, caller.project, "maps")
    with swift.objects.send_blocks(*place) as sending:
        sending.write(ONE)
        sending.commit()
    wanted = HashMap(size=(1 + holes) * BLOCK_SIZE, names=(name_of(ONE), *[EMPTY] * holes))
    traits = Traits(metadata={}, headers={})
    assert isinstance(swift.objects.put_by_hashes(*place, name, wanted, traits), StoredObject)
    return ONE + bytes(holes * BLOCK_SIZE)


def test_its_tag_is_the_md5_from_the_first_look_on(swift: Swift) -> None:
    data = make(swift, "small", 1)
    md5 = hashlib.md5(data).hexdigest()
    assert swift.call("GET", "/maps?format=json&prefix=small").json[0]["hash"] == ""
    assert swift.call("HEAD", "/maps/small").headers["etag"] == md5
    assert swift.call("GET", "/maps?format=json&prefix=small").json[0]["hash"] == md5
    reply = swift.call("GET", "/maps/small", {"If-Match": md5})
    assert (reply.status, reply.body, reply.headers["etag"]) == (200, data, md5)


def test_one_too_large_for_an_md5_has_no_tag_rather_than_a_wrong_one(swift: Swift) -> None:
    holes = MAX_OBJECT // BLOCK_SIZE
    data = make(swift, "large", holes)
    for method in ("HEAD", "GET"):
        reply = swift.call(method, "/maps/large")
        assert (reply.status, "etag" in reply.headers) == (200, False)
        assert int(reply.headers["content-length"]) == len(data)
    assert reply.body == data
    part = swift.call("GET", "/maps/large", {"Range": "bytes=0-2"})
    assert (part.status, part.body) == (206, b"one")


def test_one_request_computes_the_md5_of_some_parts_and_the_next_one_of_others(swift: Swift) -> None:
    holes = MAX_OBJECT // BLOCK_SIZE - 1
    for number in range(3):
        make(swift, f"parts/{number}", holes - number)
    swift.call("PUT", "/maps/all", {"X-Object-Manifest": "maps/parts/"}, b"")
    statuses = [swift.call("HEAD", "/maps/all").status for _ in range(3)]
    assert (statuses[0], statuses[-1]) == (503, 200)
    assert swift.call("HEAD", "/maps/all").status == 200
