"""Pithos: objects shared one by one, by directory and by group; what others see of an account and its containers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from tests.dialects.openstack_service import Cloud, Reply
from tests.dialects.pithos_caller import HELLO, OCTETS, Pithos, fault, fresh_account, hash_of

DIRECTORY = "application/directory"
_numbers = itertools.count(1)

Others = Callable[[], Pithos]


@pytest.fixture
def other(pithos_server: Cloud) -> Others:
    """Somebody of another project."""
    return lambda: fresh_account(pithos_server, f"other{next(_numbers)}")


@pytest.fixture
def bob(other: Others) -> Pithos:
    return other()


def visiting(guest: Pithos, host: Pithos) -> Pithos:
    """A caller with their own token, in the account of another."""
    return Pithos(guest.cloud, host.account)


def share(pithos: Pithos, path: str, sharing: str, **headers: str) -> Reply:
    """As kamaki does it."""
    sent = {"X-Object-Sharing": sharing, **headers}
    return pithos.call("POST", f"{path}?update&format=json", sent)


def shared(pithos: Pithos, path: str, sharing: str) -> None:
    reply = share(pithos, path, sharing)
    assert (reply.status, reply.body, "x-object-version" in reply.headers) == (202, b"", False)


# -- one object --------------------------------------------------------------


def test_a_reader_reads_and_a_writer_writes_and_neither_deletes(pithos: Pithos, other: Others) -> None:
    bob, carol, eve = other(), other(), other()
    pithos.put("/pithos/a")
    shared(pithos, "/pithos/a", f"read={bob.account}; write={carol.account}")
    reader, writer, stranger = (visiting(guest, pithos) for guest in (bob, carol, eve))
    for guest, right in ((reader, "read"), (writer, "write")):
        for method in ("GET", "HEAD"):
            reply = guest.call(method, "/pithos/a")
            assert reply.status == 200
            assert reply.headers["x-object-allowed-to"] == right
            assert "x-object-public" not in reply.headers
        assert guest.get("/pithos/a?hashmap&format=json").json["hashes"] == [HELLO]
        fault(guest.call("DELETE", "/pithos/a"), 403)
        fault(share(guest, "/pithos/a", "read=*"), 403)
        fault(guest.call("PUT", "/pithos/a", OCTETS | {"X-Object-Sharing": ""}, b"x"), 403)
        fault(guest.call("POST", "/pithos/a?update", {"X-Object-Public": "true"}), 403)
    fault(reader.call("PUT", "/pithos/a", OCTETS, b"x"), 403)
    fault(reader.call("POST", "/pithos/a?update", {"X-Object-Meta-Colour": "red"}), 403)
    assert writer.call("PUT", "/pithos/a", OCTETS, b"theirs").status == 201
    assert writer.call("POST", "/pithos/a?update", {"X-Object-Meta-Colour": "red"}).status == 202
    assert reader.get("/pithos/a").body == b"theirs"
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        assert stranger.call(method, "/pithos/a", OCTETS, b"x" if method == "PUT" else None).status == 403
    assert reader.swift("GET", "/pithos/a").body == b"theirs"
    assert stranger.swift("GET", "/pithos/a").status == 403


def test_its_owner_is_told_with_whom_an_object_is_shared(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/a")
    assert "x-object-sharing" not in pithos.head("/pithos/a").headers
    shared(pithos, "/pithos/a", f" read = *,{bob.account} ; write={bob.account} ;")
    headers = pithos.head("/pithos/a").headers
    assert headers["x-object-sharing"] == f"read=*; write={bob.account}"
    assert "x-object-allowed-to" not in headers
    (row,) = pithos.rows("/pithos")
    assert row["x_object_sharing"] == f"read=*; write={bob.account}"
    assert "x_object_allowed_to" not in row
    shared(pithos, "/pithos/a", "")
    assert "x-object-sharing" not in pithos.head("/pithos/a").headers
    assert "x_object_sharing" not in pithos.rows("/pithos")[0]
    assert visiting(bob, pithos).get("/pithos/a").status == 403


def test_sharing_makes_no_version_and_old_versions_are_not_shared(pithos: Pithos, bob: Pithos) -> None:
    first = pithos.put("/pithos/a", b"secret").headers["x-object-version"]
    second = pithos.put("/pithos/a").headers["x-object-version"]
    shared(pithos, "/pithos/a", f"write={bob.account}")
    assert pithos.head("/pithos/a").headers["x-object-version"] == second
    guest = visiting(bob, pithos)
    fault(guest.get(f"/pithos/a?version={first}"), 403)
    assert guest.call("HEAD", f"/pithos/a?version={first}").status == 403
    assert [number for number, _ in guest.get("/pithos/a?version=list&format=json").json["versions"]] == [int(second)]
    assert "x-object-sharing" not in pithos.head(f"/pithos/a?version={first}").headers
    own = visiting(bob, bob)
    own.call("PUT", "/mine")
    source = {"X-Copy-From": "/pithos/a", "X-Source-Account": pithos.account}
    assert own.call("PUT", "/mine/a", {**source, "X-Source-Version": first}).status == 403
    assert own.call("PUT", "/mine/a", source).status == 201


def test_an_upload_shares_its_object_along_with_it(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/a", X_Object_Sharing=f"read={bob.account}", X_Object_Public="true")
    assert visiting(bob, pithos).get("/pithos/a").status == 200
    pithos.put("/pithos/a", b"another")
    headers = pithos.head("/pithos/a").headers
    assert headers["x-object-sharing"] == f"read={bob.account}"
    assert headers["x-object-public"]
    fresh = hash_of(b"fresh")
    assert pithos.put_map("/pithos/a", 5, fresh, X_Object_Sharing="", X_Object_Public="False").status == 409
    assert "x-object-sharing" in pithos.head("/pithos/a").headers
    pithos.send_block("/pithos", b"fresh")
    assert pithos.put_map("/pithos/a", 5, fresh, X_Object_Sharing="", X_Object_Public="False").status == 201
    assert not {"x-object-sharing", "x-object-public"} & pithos.head("/pithos/a").headers.keys()


def test_a_copy_and_what_was_moved_are_shared_only_as_they_are_told_to(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/a", X_Object_Sharing="read=*", X_Object_Public="true")
    for name, verb in (("b", "X-Copy-From"), ("c", "X-Move-From")):
        assert pithos.call("PUT", f"/pithos/{name}", {verb: "/pithos/a"}).status == 201
        assert not {"x-object-sharing", "x-object-public"} & pithos.head(f"/pithos/{name}").headers.keys()
    told = {"X-Object-Sharing": f"read={bob.account}", "X-Object-Public": "True"}
    for name, verb in (("d", "X-Copy-From"), ("e", "X-Move-From")):
        assert pithos.call("PUT", f"/pithos/{name}", {verb: "/pithos/c", **told}).status == 201
        headers = pithos.head(f"/pithos/{name}").headers
        assert headers["x-object-sharing"] == f"read={bob.account}"
        assert headers["x-object-public"]


def test_sharing_ends_with_the_object(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/a", X_Object_Sharing="read=*")
    pithos.call("DELETE", "/pithos/a")
    pithos.put("/pithos/a")
    assert "x-object-sharing" not in pithos.head("/pithos/a").headers
    assert visiting(bob, pithos).get("/pithos/a").status == 403


def test_a_writer_sends_blocks_to_his_own_account_and_makes_the_foreign_object_of_them(
    pithos: Pithos, bob: Pithos
) -> None:
    pithos.put("/pithos/a", b"old")
    old = pithos.get("/pithos/a?hashmap&format=json").json["hashes"][0]
    shared(pithos, "/pithos/a", f"write={bob.account}")
    guest, own = visiting(bob, pithos), visiting(bob, bob)
    fault(guest.send_block("/pithos", b"hello"), 403)
    assert guest.put_map("/pithos/a", 5, HELLO).json == [HELLO]
    assert own.send_block("/pithos", b"hello").status == 202
    assert guest.put_map("/pithos/a", 5, HELLO).status == 201
    assert pithos.get("/pithos/a").body == b"hello"
    # What the object was before is no longer open to him: not by its block either.
    assert guest.put_map("/pithos/a", 3, old).status == 409
    assert own.put_map("/pithos/mine", 3, old).status == 409


def test_blocks_of_the_object_that_a_writer_changes_need_not_be_sent_again(pithos: Pithos, bob: Pithos) -> None:
    first, second = b"a" * (4 << 20), b"b"
    pithos.put("/pithos/a", first + second)
    hashes = pithos.get("/pithos/a?hashmap&format=json").json["hashes"]
    pithos.put("/pithos/secret", b"secret")
    secret = pithos.get("/pithos/secret?hashmap&format=json").json["hashes"][0]
    guest, own = visiting(bob, pithos), visiting(bob, bob)
    assert guest.put_map("/pithos/a", len(first) + 1, *hashes).status == 403
    shared(pithos, "/pithos/a", f"write={bob.account}")
    assert guest.put_map("/pithos/a", len(first) + 1, hashes[0], HELLO).json == [HELLO]
    assert guest.put_map("/pithos/a", 6, secret).json == [secret]
    assert own.put_map("/pithos/mine", len(first), hashes[0]).json == [hashes[0]]
    own.send_block("/pithos", b"hello")
    assert guest.put_map("/pithos/a", len(first) + 5, hashes[0], HELLO).status == 201
    assert pithos.get("/pithos/a").body == first + b"hello"


# -- what is refused ---------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "read=",
        "write=,",
        "read",
        "reed=*",
        "*",
        "read=*;x",
        "read=a=b",
        "=*",
        "read=nobody",
        "read=*:team",
        "read=a b",
        "read=:",
        "read=%00",
        "read=x%0d%0aX-Evil: y",
    ],
)
def test_what_is_no_sharing_is_refused_and_leaves_what_was(pithos: Pithos, text: str) -> None:
    pithos.put("/pithos/a", X_Object_Sharing="read=*")
    fault(share(pithos, "/pithos/a", text), 400)
    assert pithos.head("/pithos/a").headers["x-object-sharing"] == "read=*"
    fault(pithos.call("PUT", "/pithos/b", OCTETS | {"X-Object-Sharing": text}, b"x"), 400)
    assert pithos.head("/pithos/b").status == 404


def test_ten_thousand_grantees_are_refused_and_a_hundred_are_not(pithos: Pithos, other: Others) -> None:
    pithos.put("/pithos/a")
    fault(share(pithos, "/pithos/a", "read=" + ",".join(f"{number:032}" for number in range(10_000))), 400)
    fault(share(pithos, "/pithos/a", "read=*" + ";" * 10_000 + "write=nobody"), 400)
    shared(pithos, "/pithos/a", "read=" + ",".join([other().account, "*"] * 100))


def test_only_accounts_of_the_same_domain_can_be_shared_with(pithos: Pithos, pithos_server: Cloud, bob: Pithos) -> None:
    admin = pithos_server.services.admin
    domain = admin.add_domain(f"abroad{next(_numbers)}")
    stranger = admin.add_project("stranger", domain=domain.name)
    pithos.put("/pithos/a")
    assert "nobody" in fault(share(pithos, "/pithos/a", "read=nobody"), 400)
    fault(share(pithos, "/pithos/a", f"read={bob.account.upper()}x"), 400)
    fault(share(pithos, "/pithos/a", f"read={stranger.id}"), 400)
    fault(share(pithos, "/pithos/a", f"read={stranger.id}:team"), 400)
    fault(pithos.call("POST", "?update", {"X-Account-Group-team": stranger.id}), 400)
    shared(pithos, "/pithos/a", f"read={bob.account},{bob.account}:team")


def test_who_is_gone_may_stay_in_a_list_and_can_be_taken_out(pithos: Pithos, pithos_server: Cloud, bob: Pithos) -> None:
    pithos.put("/pithos/a", X_Object_Sharing=f"read={bob.account}")
    admin = pithos_server.as_("admin", "admin")
    assert admin.call("DELETE", f"/v3/projects/{bob.account}").status == 204
    shared(pithos, "/pithos/a", f"read={bob.account},*")
    shared(pithos, "/pithos/a", "read=*")
    fault(share(pithos, "/pithos/a", f"read={bob.account}"), 400)


def test_a_link_without_project_scope_shares_nothing(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/a", X_Object_Sharing="write=*")
    nobody = Pithos(Cloud(**{**vars(bob.cloud), "token": None}), pithos.account)
    unscoped = Pithos(bob.cloud.as_("mira"), pithos.account)
    assert [caller.get("/pithos/a").status for caller in (nobody, unscoped)] == [401, 403]
    reader = Pithos(bob.cloud.as_("rita", "own"), pithos.account)
    assert reader.get("/pithos/a").status == 200
    fault(reader.call("PUT", "/pithos/a", OCTETS, b"x"), 403)


@pytest.mark.parametrize(("text", "status"), [("TRUE", 202), ("False", 202), ("", 202), ("yes", 400), ("1", 400)])
def test_public_is_true_false_or_nothing(pithos: Pithos, text: str, status: int) -> None:
    pithos.put("/pithos/a")
    assert pithos.call("POST", "/pithos/a?update", {"X-Object-Public": text}).status == status


# -- directories -------------------------------------------------------------


def test_a_shared_directory_shares_what_is_below_it_and_says_so(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/im%20%C3%A9", b"", content_type=DIRECTORY)
    pithos.put("/pithos/im%20%C3%A9/a/b")
    for name in ("im%20%C3%A92", "im%20%C3%A9!", "im"):
        pithos.put(f"/pithos/{name}")
    shared(pithos, "/pithos/im%20%C3%A9", f"read={bob.account}")
    guest = visiting(bob, pithos)
    reply = guest.get("/pithos/im%20%C3%A9/a/b")
    above = f"{pithos.account}/pithos/im %C3%A9"
    assert (reply.status, reply.headers["x-object-shared-by"]) == (200, above)
    assert pithos.head("/pithos/im%20%C3%A9/a/b").headers["x-object-shared-by"] == above
    assert "x-object-shared-by" not in pithos.head("/pithos/im%20%C3%A9").headers
    rows = {row["name"]: row for row in guest.rows("/pithos")}
    assert sorted(rows) == ["im é", "im é/a/b"]
    assert rows["im é/a/b"]["x_object_shared_by"] == f"{pithos.account}/pithos/im é"
    for name in ("im%20%C3%A92", "im%20%C3%A9!", "im", "im%20%C3%A9/..%2F..", "im%20%C3%A9%2F..%2Fim"):
        assert guest.get(f"/pithos/{name}").status in (403, 404)
    assert guest.get("/pithos/im%20%C3%A92").status == 403
    assert guest.get("/pithos/im%20%C3%A9/none").status == 404
    pithos.call("DELETE", "/pithos/im%20%C3%A9")
    assert guest.get("/pithos/im%20%C3%A9/a/b").status == 403


def test_an_object_in_a_shared_directory_may_be_shared_with_others_instead(pithos: Pithos, other: Others) -> None:
    bob, carol = other(), other()
    for name in ("d", "d/sub"):
        pithos.put(f"/pithos/{name}", b"", content_type=f"{DIRECTORY}; charset=utf-8")
    for name in ("d/own", "d/sub/x", "d/x"):
        pithos.put(f"/pithos/{name}")
    shared(pithos, "/pithos/d", f"read={bob.account}")
    shared(pithos, "/pithos/d/own", f"read={carol.account}")
    shared(pithos, "/pithos/d/sub", f"read={carol.account}")
    assert visiting(bob, pithos).names("/pithos") == ["d", "d/x"]
    assert visiting(carol, pithos).names("/pithos") == ["d/own", "d/sub", "d/sub/x"]
    assert visiting(bob, pithos).get("/pithos/d/sub/x").status == 403
    assert visiting(bob, pithos).names("/pithos", "&path=d") == ["d/x"]
    assert visiting(carol, pithos).names("/pithos", "&delimiter=/") == ["d/"]


def test_a_writer_of_a_directory_adds_to_it_and_takes_nothing_away(pithos: Pithos, bob: Pithos) -> None:
    pithos.put("/pithos/d", b"", content_type=DIRECTORY, X_Object_Sharing=f"write={bob.account}")
    pithos.put("/pithos/d/old")
    guest = visiting(bob, pithos)
    assert guest.call("PUT", "/pithos/d/new", OCTETS, b"hello").status == 201
    assert guest.call("PUT", "/pithos/e/new", OCTETS, b"hello").status == 403
    fault(guest.call("DELETE", "/pithos/d/old"), 403)
    fault(guest.call("DELETE", "/pithos/d?delimiter=/"), 403)
    fault(guest.call("PUT", "/pithos/d/moved", {"X-Move-From": "/pithos/d/old"}), 403)
    fault(guest.call("MOVE", "/pithos/d/old", {"Destination": "/pithos/d/moved"}), 403)
    own = visiting(bob, bob)
    own.put("/pithos/mine")
    move = {"X-Move-From": "/pithos/mine", "X-Source-Account": bob.account}
    fault(guest.call("PUT", "/pithos/d/old", move), 403)
    assert guest.call("PUT", "/pithos/d/copied", {"X-Copy-From": "/pithos/d/old"}).status == 201
    assert pithos.names("/pithos") == ["d", "d/copied", "d/new", "d/old"]


def test_a_directory_is_copied_as_far_as_it_may_be_read(pithos: Pithos, other: Others) -> None:
    bob, carol = other(), other()
    pithos.put("/pithos/d", b"", content_type=DIRECTORY, X_Object_Sharing=f"read={bob.account}")
    pithos.put("/pithos/d/a")
    pithos.put("/pithos/d/secret", X_Object_Sharing=f"read={carol.account}")
    own = visiting(bob, bob)
    source = {"X-Copy-From": "/pithos/d", "X-Source-Account": pithos.account}
    assert own.call("PUT", "/pithos/copy?delimiter=/", source).status == 201
    assert own.names("/pithos") == ["copy", "copy/a"]


# -- groups ------------------------------------------------------------------


def groups(pithos: Pithos) -> dict[str, str]:
    prefix = "x-account-group-"
    return {
        name.removeprefix(prefix): value for name, value in pithos.head().headers.items() if name.startswith(prefix)
    }


def test_groups_are_set_added_to_and_taken_away(pithos: Pithos, other: Others) -> None:
    bob, carol = other(), other()
    both = ",".join(sorted([bob.account, carol.account]))
    sent = {
        "X-Account-Group-Team": f" {bob.account} ,{carol.account},{bob.account}",
        "X-Account-Group-chiefs": carol.account,
    }
    assert pithos.call("POST", "?update", sent).status == 202
    assert groups(pithos) == {"team": both, "chiefs": carol.account}
    pithos.call("POST", "?update", {"X-Account-Group-TEAM": bob.account})
    assert groups(pithos) == {"team": bob.account, "chiefs": carol.account}
    pithos.call("POST", "?update", {"X-Account-Group-chiefs": ""})
    assert groups(pithos) == {"team": bob.account}
    pithos.call("POST", "", {"X-Account-Meta-Colour": "blue"})
    assert groups(pithos) == {"team": bob.account}
    pithos.call("POST", "", {"X-Account-Group-new": carol.account})
    assert groups(pithos) == {"new": carol.account}


def test_members_of_a_group_read_while_they_are_members(pithos: Pithos, other: Others) -> None:
    bob, carol = other(), other()
    pithos.call("POST", "?update", {"X-Account-Group-team": bob.account})
    pithos.put("/pithos/a", X_Object_Sharing=f"read={pithos.account}:Team")
    assert pithos.head("/pithos/a").headers["x-object-sharing"] == f"read={pithos.account}:team"
    assert [visiting(guest, pithos).get("/pithos/a").status for guest in (bob, carol)] == [200, 403]
    assert visiting(bob, pithos).names("/pithos") == ["a"]
    assert visiting(bob, pithos).rows("/pithos")[0]["x_object_allowed_to"] == "read"
    pithos.call("POST", "?update", {"X-Account-Group-team": carol.account})
    assert [visiting(guest, pithos).get("/pithos/a").status for guest in (bob, carol)] == [403, 200]


@pytest.mark.parametrize("name", ["a-b", "a_b", "a%20b", "a%3Ab", "x" * 129])
def test_what_is_no_name_of_a_group_is_refused(pithos: Pithos, bob: Pithos, name: str) -> None:
    fault(pithos.call("POST", "?update", {f"X-Account-Group-{name}": bob.account}), 400)
    assert groups(pithos) == {}


def test_a_group_has_accounts_for_members_and_nothing_else(pithos: Pithos, bob: Pithos) -> None:
    pithos.call("POST", "?update", {"X-Account-Group-team": bob.account})
    for member in ("nobody", "*", f"{pithos.account}:team", f"{bob.account},nobody", "%00"):
        fault(pithos.call("POST", "?update", {"X-Account-Group-more": member, "X-Account-Meta-Colour": "red"}), 400)
    assert groups(pithos) == {"team": bob.account}
    assert "x-account-meta-colour" not in pithos.head().headers
    fault(share(pithos, "/pithos/a", f"read={pithos.account}:nogroup"), 400)
    fault(visiting(bob, pithos).call("POST", "?update", {"X-Account-Group-team": ""}), 403)


# -- what others see of accounts and containers ------------------------------


def test_others_see_of_an_account_what_is_shared_with_them_and_no_numbers(pithos: Pithos, bob: Pithos) -> None:
    pithos.call("POST", "?update", {"X-Account-Meta-Colour": "blue", "X-Account-Group-team": bob.account})
    for name in ("other", "pithos"):
        pithos.call("PUT", f"/{name}", {"X-Container-Meta-Colour": "blue"})
        pithos.put(f"/{name}/a", X_Object_Meta_Secret="1")
        pithos.put(f"/{name}/b")
    guest = visiting(bob, pithos)
    for path in ("", "/pithos", "/other"):
        for method in ("HEAD", "GET"):
            assert guest.call(method, path).status == 403
    shared(pithos, "/pithos/b", f"read={bob.account}")
    told = guest.call("HEAD", "")
    assert told.status == 204
    assert [name for name in told.headers if name.startswith("x-account")] == []
    (row,) = guest.rows("")
    assert (row.pop("name"), sorted(row)) == ("pithos", ["last_modified"])
    assert [row["name"] for row in guest.rows("/pithos")] == ["b"]
    listed = guest.get("/pithos?format=xml")
    assert (listed.status, b"<name>b<" in listed.body, b"<name>a<" in listed.body) == (200, True, False)
    assert b"<count>" not in guest.get("?format=xml").body
    for headers in (guest.call("HEAD", "/pithos").headers, guest.get("/pithos").headers):
        told_of = {name for name in headers if name.startswith("x-container")}
        assert told_of == {"x-container-block-size", "x-container-block-hash"}
    for method in ("HEAD", "GET"):
        assert [guest.call(method, path).status for path in ("/other", "/none")] == [403, 403]
    for method in ("PUT", "POST", "DELETE"):
        assert guest.call(method, "/pithos").status == 403
    assert guest.get("/pithos?until=1").status == 403
    assert guest.swift("GET", "/pithos").status == 403


def test_who_shares_with_me(pithos: Pithos, other: Others) -> None:
    me, bob = other(), other()
    wanted = sorted([pithos.account, bob.account])

    def sharers(query: str = "") -> list[str]:
        """Those of them; other tests share with everybody."""
        reply = me.cloud.call("GET", f"/object-store/v1?format=json{query}")
        assert all(row["last_modified"].endswith("+00:00") for row in reply.json)
        return [row["name"] for row in reply.json if row["name"] in (*wanted, me.account)]

    def lines(query: str) -> Reply:
        return me.cloud.call("GET", f"/object-store/v1/{query}", headers={"Accept": "*/*"})

    assert sharers() == []
    for owner in (pithos, bob):
        owner.put("/pithos/a", X_Object_Sharing=f"read={me.account}")
    me.put("/pithos/mine", X_Object_Sharing="read=*")
    assert sharers() == wanted
    assert {wanted[0], wanted[1]} <= set(lines("").body.decode().split("\n"))
    assert sharers(f"&marker={wanted[0]}") == wanted[1:]
    assert len(lines("?limit=1").body.splitlines()) == 1
    assert (lines("?marker=zzz").status, lines("?marker=zzz").body) == (204, b"")
    shared(bob, "/pithos/a", "")
    assert sharers() == [pithos.account]


def test_listings_can_be_restricted_to_what_is_shared_or_public(pithos: Pithos, bob: Pithos) -> None:
    for name in ("none", "pithos"):
        pithos.call("PUT", f"/{name}")
    pithos.put("/pithos/d", b"", content_type=DIRECTORY, X_Object_Sharing=f"read={bob.account}")
    for name in ("d/x", "plain"):
        pithos.put(f"/pithos/{name}")
    pithos.put("/pithos/public", X_Object_Public="true")
    assert pithos.names("/pithos", "&shared=") == ["d", "d/x"]
    assert pithos.names("/pithos", "&public") == ["public"]
    assert pithos.names("/pithos", "&shared&public&marker=d") == ["d/x", "public"]
    assert pithos.names("/pithos", "&shared&delimiter=/&prefix=d") == ["d/x"]
    assert pithos.names("/none", "&shared") == []
    assert [row["name"] for row in pithos.rows("", "&shared")] == ["pithos"]
    assert [row["name"] for row in pithos.rows("", "&public")] == ["pithos"]
    shared(pithos, "/pithos/d", "")
    assert pithos.rows("", "&shared") == []
    (row,) = pithos.rows("/pithos", "&public")
    assert row["x_object_public"] == pithos.head("/pithos/public").headers["x-object-public"]
    assert visiting(bob, pithos).get("/pithos?public").status == 403
