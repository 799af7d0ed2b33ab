"""A cache that fails never leads to a wrong build.

Every build's files are compared with those of a build that knew no cache. Where the cache cannot
be used the work is done here; what the user then reads is asserted as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.nested_bazel.workspace import copy_checkout, scratch_folder
from tests.remote_cache.checkout import Action, Build, Checkout
from tests.remote_cache.faulty_cache import Faults, FaultyCache, running_faulty_cache
from tests.remote_cache.targets import FIRMWARE, LIBRARY
from tests.reproducibility.compare_outputs import compare, digests

# What .bazelrc does not choose: outputs are downloaded when they are needed.
WHEN_NEEDED = "--remote_download_outputs=toplevel"

Damage = Callable[[FaultyCache, list[str]], None]
DAMAGES = (FaultyCache.poison, FaultyCache.truncate)

# Of these, what goes wrong is the same for each: a part will do, chosen by the action's key.
SOME = "0"


@dataclass
class Site:
    """A checkout, a cache that has all results, and what they must be."""

    checkout: Checkout
    cache: FaultyCache
    actions: list[Action]
    stored: dict[str, bytes]
    wanted: dict[str, str]

    def build(self, *options: str, target: str = FIRMWARE) -> Build:
        """Builds as a developer with an empty output tree, and compares every file."""
        self.checkout.clean()
        build = self.checkout.build("build", [target], "--config=remote-cache", *options)
        self.compare_files()
        return build

    def compare_files(self) -> None:
        """No file may differ from the build without a cache."""
        comparison = compare(self.wanted, output_files(self.checkout))
        assert comparison.different == []
        assert comparison.only_second == []

    def some_outputs(self) -> list[str]:
        """Entries with outputs: of some actions, and of those that put others' together."""
        chosen = [
            action
            for action in self.actions
            if action.key[0] in SOME or action.mnemonic in ("CppArchive", "CppLink")
        ]
        found = {digest for action in chosen for digest in action.outputs.values()}
        return sorted(f"cas/{digest}" for digest in found if self.stored.get(f"cas/{digest}"))

    def last(self) -> Action:
        """The action that links the firmware."""
        return next(action for action in self.actions if is_made_by(action, FIRMWARE))

    def some_results(self) -> list[str]:
        """Entries that name an action's outputs: of some of the actions."""
        return sorted(f"ac/{action.key}" for action in self.actions if action.key[0] in SOME)


def output_files(checkout: Checkout) -> dict[str, str]:
    """SHA-256 of every file that actions have made; Bazel's own status has the time in it."""
    found = digests(checkout.output_folder())
    return {path: digest for path, digest in found.items() if "/bin/" in path}


def is_made_by(action: Action, target: str) -> bool:
    return action.mnemonic == "CppLink" and action.target == target


@pytest.fixture(scope="module")
def filled() -> Iterator[Site]:
    with scratch_folder("faulty_cache") as folder, running_faulty_cache() as cache:
        checkout = Checkout(copy_checkout(folder / "checkout"), folder / "1")
        checkout.clean()
        alone = checkout.build("build", [FIRMWARE, LIBRARY])
        assert alone.status == 0
        wanted = output_files(checkout)
        rc = checkout.checkout / "user.bazelrc"
        rc.write_text(f"build:remote-cache-server --remote_cache={cache.url}\n")
        checkout.clean()
        writer = checkout.build("build", [FIRMWARE], "--config=remote-cache-writer")
        assert writer.status == 0
        assert checkout.build("build", [LIBRARY], "--config=remote-cache-writer").status == 0
        yield Site(checkout, cache, writer.actions, dict(cache.entries), wanted)
        checkout.close()


@pytest.fixture
def site(filled: Site) -> Site:
    filled.cache.entries = dict(filled.stored)
    filled.cache.fail(Faults())
    return filled


def test_a_sound_cache_serves_every_action(site: Site) -> None:
    build = site.build()
    assert build.status == 0
    assert build.actions and build.misses() == []
    assert "Remote Cache" not in build.messages


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_output_is_made_again(site: Site, damage: Damage) -> None:
    damage(site.cache, site.some_outputs())
    build = site.build()
    assert build.status == 0
    assert any(is_made_by(action, FIRMWARE) for action in build.misses())
    assert build.hits()
    assert "WARNING: Remote Cache: " in build.messages


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_output_that_is_needed_later_fails_the_build(site: Site, damage: Damage) -> None:
    damage(site.cache, site.some_outputs())
    build = site.build(WHEN_NEEDED)
    assert build.status != 0
    assert "Failed to fetch blobs because of a remote cache error" in build.messages
    assert "does not match received digest" in build.messages
    # What the documentation says to do then.
    assert site.build().status == 0


def test_a_result_of_noise_is_ignored(site: Site) -> None:
    for path in site.some_results():
        site.cache.entries[path] = b"noise"
    build = site.build()
    assert build.status == 0
    assert {f"ac/{action.key}" for action in build.misses()} == set(site.some_results())


def test_a_truncated_result_is_ignored(site: Site) -> None:
    site.cache.truncate(site.some_results())
    build = site.build()
    assert build.status == 0
    assert build.misses()


def test_the_result_of_another_action_is_not_taken(site: Site) -> None:
    paths = site.some_results()
    for path, other in zip(paths, paths[1:] + paths[:1], strict=True):
        site.cache.entries[path] = site.stored[other]
    build = site.build()
    assert build.status == 0
    assert {f"ac/{action.key}" for action in build.misses()} >= set(paths)


@pytest.mark.parametrize("options", [(), (WHEN_NEEDED,)])
def test_an_evicted_output_is_made_again(site: Site, options: tuple[str, ...]) -> None:
    site.cache.evict(site.some_outputs())
    build = site.build(*options)
    assert build.status == 0
    assert any(is_made_by(action, FIRMWARE) for action in build.misses())


def test_an_input_that_is_evicted_before_its_use_is_made_again(site: Site) -> None:
    # Bazel has been told that the objects exist; it asks for them only to link.
    objects = {
        digest
        for action in site.actions
        if action.mnemonic in ("CppCompile", "CppArchive")
        for digest in action.outputs.values()
    }
    site.cache.evict(
        sorted(f"cas/{digest}" for digest in objects if f"cas/{digest}" in site.stored)
    )
    site.cache.evict([f"ac/{site.last().key}"])
    build = site.build(WHEN_NEEDED)
    assert build.status == 0
    assert "retrying the build" in build.messages


def test_answers_that_end_too_early(site: Site) -> None:
    site.cache.fail(Faults(is_interrupted=True))
    build = site.build(target=LIBRARY)
    assert build.status == 0
    assert site.cache.interruptions > 0
    assert not build.hits()


def test_now_and_then_an_internal_server_error(site: Site) -> None:
    site.cache.fail(Faults(status=500, every=3))
    build = site.build()
    assert build.status == 0
    assert site.cache.answers[500] > 0
    assert build.hits()


@pytest.mark.parametrize("status", [500, 503])
def test_nothing_but_server_errors(site: Site, status: int) -> None:
    site.cache.fail(Faults(status=status))
    build = site.build(target=LIBRARY)
    assert build.status == 0
    assert set(site.cache.answers) == {status}
    assert f"WARNING: Remote Cache: {status}" in build.messages
    assert build.actions and not build.hits()


def test_a_server_that_is_too_slow(site: Site) -> None:
    site.cache.fail(Faults(delay_seconds=30.0))
    start = time.monotonic()
    # As .bazelrc has it, but with less patience.
    build = site.build("--remote_timeout=1s", target=LIBRARY)
    assert build.status == 0
    assert time.monotonic() - start < 30.0 * len(build.actions)
    assert "WARNING: Remote Cache: " in build.messages
    assert build.actions and not build.hits()


def test_a_server_that_vanishes_in_mid_build(filled: Site) -> None:
    vanishing_test(filled, FIRMWARE, requests=40)


def test_a_server_that_is_not_there(filled: Site) -> None:
    vanishing_test(filled, LIBRARY, requests=0)


def vanishing_test(filled: Site, target: str, requests: int) -> None:
    """Builds with a server of its own that vanishes after so many requests."""
    with running_faulty_cache() as cache:
        cache.entries = dict(filled.stored)
        cache.fail(Faults(vanishes_after=requests))
        build = filled.build(f"--remote_cache={cache.url}", target=target)
    assert build.status == 0
    assert "WARNING: Remote Cache: " in build.messages
    assert bool(build.hits()) == (requests > 0)


@pytest.mark.parametrize("downloaded", [True, False])
def test_a_server_that_vanishes_between_builds(filled: Site, downloaded: bool) -> None:
    source = filled.checkout.checkout / "firmware/apps/inference_check/main.c"
    original = source.read_text()
    with running_faulty_cache() as cache:
        cache.entries = dict(filled.stored)
        options = [f"--remote_cache={cache.url}"] + [WHEN_NEEDED] * (not downloaded)
        assert filled.build(*options).status == 0
    source.write_text(original + "int added_by_a_test = 1;\n")
    try:
        build = filled.checkout.build("build", [FIRMWARE], "--config=remote-cache", *options)
    finally:
        source.write_text(original)
    if downloaded:
        assert build.status == 0
        assert {action.mnemonic for action in build.misses()} >= {"CppCompile", "CppLink"}
    else:
        assert build.status != 0
        assert "Failed to fetch blobs because of a remote cache error" in build.messages
