"""The faults are those that are asked for, and without any the cache is one."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead, RemoteDisconnected

import pytest

from tests.remote_cache.faulty_cache import Faults, FaultyCache, running_faulty_cache

ENTRY = b"an entry of the cache"


@pytest.fixture
def cache() -> Iterator[FaultyCache]:
    with running_faulty_cache() as cache:
        put(cache, "cas/1", ENTRY)
        cache.fail(Faults())
        yield cache


def put(cache: FaultyCache, path: str, data: bytes) -> None:
    request = urllib.request.Request(f"{cache.url}/{path}", data=data, method="PUT")
    urllib.request.urlopen(request).close()


def get(cache: FaultyCache, path: str) -> bytes:
    with urllib.request.urlopen(f"{cache.url}/{path}") as answer:
        data: bytes = answer.read()
        return data


def status(cache: FaultyCache, path: str) -> int:
    try:
        get(cache, path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_what_was_put_is_got(cache: FaultyCache) -> None:
    assert get(cache, "cas/1") == ENTRY
    assert status(cache, "ac/1") == 404
    assert cache.answers == {200: 1, 404: 1}


def test_entries_can_be_damaged(cache: FaultyCache) -> None:
    cache.poison(["cas/1"])
    assert get(cache, "cas/1") == b"`" + ENTRY[1:]
    cache.truncate(["cas/1"])
    assert get(cache, "cas/1") == b"`" + ENTRY[1:10]
    cache.evict(["cas/1"])
    assert status(cache, "cas/1") == 404


def test_every_third_answer_is_an_error(cache: FaultyCache) -> None:
    cache.fail(Faults(status=500, every=3))
    assert [status(cache, "cas/1") for _ in range(6)] == [200, 200, 500, 200, 200, 500]
    assert cache.answers == {200: 4, 500: 2}


def test_an_answer_ends_too_early(cache: FaultyCache) -> None:
    cache.fail(Faults(is_interrupted=True))
    with pytest.raises(IncompleteRead):
        get(cache, "cas/1")
    assert cache.interruptions == 1


def test_an_answer_is_late(cache: FaultyCache) -> None:
    cache.fail(Faults(delay_seconds=0.2))
    start = time.monotonic()
    assert get(cache, "cas/1") == ENTRY
    assert time.monotonic() - start >= 0.2


def test_the_server_vanishes(cache: FaultyCache) -> None:
    cache.fail(Faults(vanishes_after=1))
    assert get(cache, "cas/1") == ENTRY
    with pytest.raises(RemoteDisconnected):
        get(cache, "cas/1")
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(cache, "cas/1")
