"""A team's cache as it is meant to be run: nginx, TLS, a writing CI and reading developers.

Every build here uses `--config=remote-cache` or `--config=remote-cache-writer` and a
`user.bazelrc` as docs/remote_cache.md has it; nothing else is told to Bazel.
"""

from __future__ import annotations

import dataclasses
import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nested_bazel.workspace import copy_checkout, scratch_folder
from tests.remote_cache.certificates import Authority, Identity
from tests.remote_cache.checkout import Build, Checkout
from tests.remote_cache.nginx import WRITER, Nginx, running_nginx
from tests.remote_cache.targets import FIRMWARE, HOST_TEST, LIBRARY

READ = "--config=remote-cache"
WRITE = "--config=remote-cache-writer"

TARGETS = (FIRMWARE, HOST_TEST, LIBRARY)

# What Bazel does by itself, without a process: no cache is asked, for the answer would take
# longer than the work.
DONE_BY_BAZEL = {
    "BazelWorkspaceStatusAction": "asks for the stamp, which is constant in builds without --stamp",
    "FileWrite": "writes a text that the analysis has made",
    "RepoMappingManifest": "writes a text that the analysis has made",
    "SourceSymlinkManifest": "writes a list of paths of this machine, for runfiles",
    "Symlink": "makes a link",
    "TemplateExpand": "replaces words in a file",
    "TranslateBuildInfo": "writes the stamp as a header",
}


@dataclasses.dataclass(frozen=True)
class Team:
    """A cache, the machine that fills it and a developer's one."""

    folder: Path
    nginx: Nginx
    ci: Checkout
    developer: Checkout
    developers_identity: Identity
    filled: Build


def use_cache(checkout: Checkout, nginx: Nginx, client: Identity | None) -> None:
    """Writes the checkout's `user.bazelrc`."""
    (checkout.checkout / "user.bazelrc").write_text(nginx.user_options(client))


@pytest.fixture(scope="module")
def team() -> Iterator[Team]:
    with scratch_folder("remote_cache") as folder, running_nginx(folder / "nginx") as nginx:
        ci = Checkout(copy_checkout(folder / "ci"), folder / "1")
        developer = Checkout(copy_checkout(folder / "home" / "clone"), folder / "second_root")
        developers_identity = nginx.authority.issue("developer")
        use_cache(ci, nginx, nginx.authority.issue(WRITER))
        use_cache(developer, nginx, developers_identity)
        filled = ci.build("test", TARGETS, WRITE)
        ci.close()
        assert filled.status == 0
        yield Team(folder, nginx, ci, developer, developers_identity, filled)
        developer.close()


def status_of(nginx: Nginx, method: str, client: Identity | None) -> int:
    """The status that the server answers to a client, without Bazel."""
    context = ssl.create_default_context(cafile=str(nginx.authority.identity.certificate))
    if client:
        context.load_cert_chain(client.certificate, client.key)
    connection = http.client.HTTPSConnection("127.0.0.1", nginx.port, context=context)
    try:
        connection.request(method, f"/cas/{'0' * 64}", body=b"!" if method == "PUT" else None)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_second_checkout_runs_no_action_that_can_be_cached(team: Team) -> None:
    before = team.nginx.entries()
    build = team.developer.build("test", TARGETS, READ)
    assert build.status == 0
    print(f"{len(build.hits())} of {len(build.actions)} actions were served by the cache")
    assert build.misses() == []
    assert [str(action) for action in build.actions if not action.cacheable] == []
    assert {action.key for action in build.actions} == {a.key for a in team.filled.actions}
    assert build.digests() == team.filled.digests()
    assert build.done_by_bazel() - DONE_BY_BAZEL.keys() == set()
    assert team.nginx.entries() == before


def test_only_the_writer_has_written(team: Team) -> None:
    puts = [line for line in team.nginx.requests() if line.startswith("PUT ")]
    assert puts
    assert {line.split()[3] for line in puts if line.split()[2] == "201"} == {f"CN={WRITER}"}
    stored = team.nginx.entries()
    assert {f"ac/{action.key}" for action in team.filled.actions} <= stored.keys()


def test_the_server_lets_developers_read_and_strangers_not(team: Team) -> None:
    stranger = Authority(team.folder / "strangers").issue(WRITER)
    assert status_of(team.nginx, "GET", team.developers_identity) == 404
    assert status_of(team.nginx, "PUT", team.developers_identity) == 403
    assert status_of(team.nginx, "DELETE", team.developers_identity) == 403
    assert status_of(team.nginx, "GET", None) == 400
    assert status_of(team.nginx, "PUT", stranger) == 400


@pytest.mark.parametrize("insists", [False, True])
def test_a_developers_own_results_stay_on_the_machine(team: Team, insists: bool) -> None:
    source = team.developer.checkout / "models/digits/export.py"
    original = source.read_text()
    before, asked = team.nginx.entries(), len(team.nginx.requests())
    source.write_text(original + f"# Differs from what the cache knows: {insists}\n")
    try:
        options = [READ, "--remote_upload_local_results"] if insists else [READ]
        build = team.developer.build("build", [LIBRARY], *options)
    finally:
        source.write_text(original)
    assert build.status == 0
    assert any(action.mnemonic == "Genrule" for action in build.misses())
    requests = team.nginx.requests()[asked:]
    puts = {line.split()[2] for line in requests if line.startswith("PUT ")}
    assert puts == ({"403"} if insists else set())
    assert team.nginx.entries() == before


@pytest.mark.parametrize("who", ["nobody", "stranger", "server"])
def test_without_trust_the_build_is_a_local_one(team: Team, who: str) -> None:
    others = Authority(team.folder / f"authority_of_{who}")
    nginx, client = team.nginx, team.developers_identity
    if who == "nobody":
        use_cache(team.developer, nginx, None)
    elif who == "stranger":
        use_cache(team.developer, nginx, others.issue("developer"))
    else:
        # The developer trusts another authority than the one that the server's certificate is of.
        use_cache(team.developer, dataclasses.replace(nginx, authority=others), client)
    team.developer.clean()
    try:
        build = team.developer.build("build", [LIBRARY], READ)
    finally:
        use_cache(team.developer, nginx, client)
    assert build.status == 0
    assert "WARNING: Remote Cache: " in build.messages
    assert build.actions and not build.hits()
    wanted = team.filled.digests()
    assert {path: wanted[path] for path in build.digests()} == build.digests()
