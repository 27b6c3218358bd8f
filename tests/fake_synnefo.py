"""A small Synnefo in memory: one token, containers, blocks, hash maps and images, as the driver needs them.

Its blocks may have another size and another hash than ours. A test may make it lie or break, as ``FakeCloud``.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from urllib.parse import quote, unquote

from tests.fake_cloud import Answer, Asked, FakeCloud

ACCOUNT = "11111111-aaaa-4aaa-8aaa-111111111111"
TOKEN = "T0ken-of-alice-42"


class FakeSynnefo(FakeCloud):
    def __init__(self, *, block_size: int = 4096, block_hash: str = "sha256") -> None:
        self.block_size = block_size
        self.block_hash = block_hash
        self.blocks: dict[str, bytes] = {}
        self.maps: dict[str, tuple[int, list[str]]] = {}  # "container/name": bytes, hashes
        self.dress: dict[str, dict[str, str]] = {}
        self.ids: dict[str, str] = {}
        self.received = 0  # bytes of blocks
        self.wrapped = False  # whether lists of images come as newer releases write them
        super().__init__()

    def name_of(self, data: bytes) -> str:
        return hashlib.new(self.block_hash, data.rstrip(b"\0")).hexdigest()

    def keep(self, path: str, data: bytes) -> None:
        """An object that is there already."""
        pieces = [data[at : at + self.block_size] for at in range(0, len(data), self.block_size)]
        for piece in pieces:
            self.blocks[self.name_of(piece)] = piece.rstrip(b"\0")
        self.maps[path] = len(data), [self.name_of(piece) for piece in pieces]
        self.ids.setdefault(path, str(uuid.uuid4()))
        self.containers.add(path.partition("/")[0])

    def bytes_of(self, path: str) -> bytes:
        size, names = self.maps[path]
        return b"".join(self.blocks.get(name, b"").ljust(self.block_size, b"\0") for name in names)[:size]

    def top_of(self, path: str) -> str:
        _, names = self.maps[path]
        row = [bytes.fromhex(name) for name in names] or [bytes.fromhex(self.name_of(b""))]
        while len(row) & (len(row) - 1):
            row.append(bytes(len(row[0])))
        while len(row) > 1:
            row = [hashlib.new(self.block_hash, row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
        return row[0].hex()

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/identity/v2.0/tokens":
            return self._tokens(asked)
        if asked.headers.get("x-auth-token") != TOKEN:
            return _fault(401, "unauthorized")
        parts = asked.path.strip("/").split("/", 3)
        if parts[0] == "store":
            container, _, name = (parts[3] if len(parts) > 3 else "").partition("/")
            return self._object(asked, f"{container}/{name}") if name else self._container(asked, container)
        if parts[0] == "image":
            return self._image(asked, asked.path.removeprefix("/image/v1.0/images").strip("/"))
        return _fault(404, "itemNotFound")

    def _tokens(self, asked: Asked) -> Answer:
        if asked.json != {"auth": {"token": {"id": TOKEN}}}:
            return _fault(401, "unauthorized", f"no such token: {asked.json}")
        catalog = [
            {"type": kind, "name": kind, "endpoints": [{"publicURL": self.url + path, "versionId": "v1"}]}
            for kind, path in (("Object-Store", "/store/v1"), ("image", "/image"))
        ]
        return Answer(200, {"access": {"user": {"id": ACCOUNT, "name": "Alice"}, "serviceCatalog": catalog}})

    def _container(self, asked: Asked, container: str) -> Answer:
        if asked.method == "PUT":
            self.containers.add(container)
            return Answer(201)
        if container and container not in self.containers:
            return _fault(404, "itemNotFound")
        if asked.method == "HEAD":
            headers = {"X-Container-Block-Size": str(self.block_size), "X-Container-Block-Hash": self.block_hash}
            return Answer(204, b"", headers)
        if asked.method == "POST":
            size = self.block_size
            pieces = [asked.body[at : at + size] for at in range(0, len(asked.body), size)]
            self.received += len(asked.body)
            self.blocks |= {self.name_of(piece): piece.rstrip(b"\0") for piece in pieces}
            return Answer(202, [self.name_of(piece) for piece in pieces])
        marker, prefix = asked.query.get("marker", ""), asked.query.get("prefix", "")
        if not container:
            return Answer(
                200, [{"name": name, "count": 1, "bytes": 1} for name in sorted(self.containers) if name > marker]
            )
        names = sorted(path.partition("/")[2] for path in self.maps if path.startswith(f"{container}/"))
        return Answer(200, [self._row(container, name) for name in names if name > marker and name.startswith(prefix)])

    def _row(self, container: str, name: str) -> dict[str, object]:
        path = f"{container}/{name}"
        return {"name": name, "bytes": self.maps[path][0], "x_object_uuid": self.ids[path], "hash": ""} | {
            "content_type": self.dress.get(path, {}).get("content-type", "application/octet-stream")
        }

    def _object(self, asked: Asked, path: str) -> Answer:
        if asked.method == "PUT":
            return self._put(asked, path)
        if path not in self.maps:
            return _fault(404, "itemNotFound")
        headers = {"Etag": self.top_of(path), "X-Object-Hash": self.top_of(path), "X-Object-UUID": self.ids[path]}
        headers |= self.dress.get(path, {})
        if asked.method == "DELETE":
            del self.maps[path]
            return Answer(204)
        size, names = self.maps[path]
        if "hashmap" in asked.query:
            names = names or [self.name_of(b"")]
            document = {"block_hash": self.block_hash, "block_size": self.block_size, "bytes": size, "hashes": names}
            return Answer(200, document, headers)
        if asked.method == "HEAD":
            return Answer(200, b"", {**headers, "Content-Length": str(size)})
        data = self.bytes_of(path)
        if wanted := asked.headers.get("range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            span = {"Content-Range": f"bytes {first}-{last}/{size}"}
            return Answer(206, data[int(first) : int(last) + 1], {**headers, **span})
        return Answer(200, data, headers)

    def _put(self, asked: Asked, path: str) -> Answer:
        if path.partition("/")[0] not in self.containers:
            return _fault(404, "itemNotFound")
        if asked.headers.get("if-none-match") == "*" and path in self.maps:
            return _fault(412, "preconditionFailed")
        if "hashmap" in asked.query:
            wanted = json.loads(asked.body)
            missing = [name for name in dict.fromkeys(wanted["hashes"]) if name not in self.blocks]
            missing = [name for name in missing if name != self.name_of(b"")]
            if missing:
                return Answer(409, missing)
            self.maps[path] = wanted["bytes"], wanted["hashes"]
            self.ids.setdefault(path, str(uuid.uuid4()))
        else:
            self.keep(path, asked.body)
        self.dress[path] = {
            name: value
            for name, value in asked.headers.items()
            if name == "content-type" or name.startswith("x-object")
        }
        return Answer(201, b"", {"Etag": self.top_of(path), "X-Object-Version": "7"})

    def _image(self, asked: Asked, rest: str) -> Answer:
        if asked.method == "POST" and not rest:
            _, _, place = unquote(asked.headers["x-image-meta-location"]).removeprefix("pithos://").partition("/")
            if place not in self.maps:
                return _fault(404, "itemNotFound")
            self._describe(asked, self.ids[place], self.images.get(self.ids[place], {"place": place}))
            return Answer(200, b"", self._headers(self.ids[place]))
        if rest == "detail":
            rows = [self._document(image_id) for image_id in self.images]
            return Answer(200, {"images": rows} if self.wrapped else rows)
        image_id, _, what = rest.partition("/")
        if image_id not in self.images:
            return _fault(404, "itemNotFound")
        if what.startswith("members"):
            return Answer(200, {"members": [{"member_id": ACCOUNT}, {"member_id": "*"}, {"member_id": "U2"}]})
        if asked.method == "DELETE":
            del self.images[image_id]
            return Answer(204)
        if asked.method == "PUT":
            self._describe(asked, image_id, self.images[image_id])
        return Answer(200, b"", self._headers(image_id))

    def _describe(self, asked: Asked, image_id: str, image: dict[str, str]) -> None:
        said = {name: unquote(value) for name, value in asked.headers.items() if name.startswith("x-image-meta-")}
        self.images[image_id] = {name: value for name, value in {**image, **said}.items() if value}

    def _headers(self, image_id: str) -> dict[str, str]:
        image = self.images[image_id]
        location = f"pithos://{ACCOUNT}/{quote(image['place'])}"
        said = {name: quote(value) for name, value in image.items() if name != "place"}
        own = {
            "x-image-meta-id": image_id,
            "x-image-meta-location": location,
            "x-image-meta-owner": f"{ACCOUNT} (alice)",
        }
        return {"x-image-meta-status": "AVAILABLE", **said, **own}

    def _document(self, image_id: str) -> dict[str, object]:
        image = self.images[image_id]
        properties = {
            name.removeprefix("x-image-meta-property-").replace("-", "_"): value
            for name, value in image.items()
            if name.startswith("x-image-meta-property-")
        }
        plain = {
            name.removeprefix("x-image-meta-").replace("-", "_"): value
            for name, value in image.items()
            if name.startswith("x-image-meta-") and not name.startswith("x-image-meta-property-")
        }
        return {"status": "available", **plain, "id": image_id, "owner": ACCOUNT, "properties": properties}


def _fault(status: int, name: str, message: str = "") -> Answer:
    return Answer(status, {name: {"code": status, "message": message, "details": ""}})
