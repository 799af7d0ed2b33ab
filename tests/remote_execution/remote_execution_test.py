"""Two networks and their simulators, built and tested by workers of an engine on this machine.

Every build here uses `--config=remote` and a `user.bazelrc` as docs/remote_execution.md has it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.nested_bazel.workspace import copy_checkout, scratch_folder
from tests.remote_cache.checkout import Action, Build, Checkout
from tools.remote.engine import Engine, running_engine
from tools.remote.worker import Worker

REMOTE = "--config=remote"

# Quantised, compiled, linked and simulated; on all platforms, so workers also build the simulator.
SIMULATED = (
    "//models/autoencoder:autoencoder_int8_test_qemu_rv32",
    *(
        f"//models/digits:digits_plain_int8_test_{platform}"
        for platform in ("host", "qemu_rv32", "siracusa", "cluster_only", "full")
    ),
)

# One network's C code as a library: few actions, for what concerns every one of them alike.
LIBRARY = "//models/digits:digits_plain_int8_test_net"

TARGETS = (*SIMULATED, LIBRARY)
TESTS = "TestRunner"

_A_WORKER_STARTS_WITHIN_SECONDS = 600


@dataclass(frozen=True)
class Site:
    """An engine, and a checkout whose targets its workers have built and tested."""

    folder: Path
    engine: Engine
    checkout: Checkout
    tested: Build


def use_engine(checkout: Checkout, endpoint: str) -> None:
    """Writes the checkout's `user.bazelrc`."""
    options = [f"--remote_executor={endpoint}", "--remote_default_exec_properties=OSFamily=linux"]
    lines = [f"build:remote {option}\n" for option in [*options, "--jobs=4"]]
    (checkout.checkout / "user.bazelrc").write_text("".join(lines))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with scratch_folder("remote_execution") as folder:
        (folder / "engine").mkdir()
        with running_engine(folder / "engine", workers=2, jobs=1) as engine:
            checkout = Checkout(copy_checkout(folder / "checkout"), folder / "1")
            use_engine(checkout, engine.endpoint)
            yield Site(folder, engine, checkout, checkout.build("test", TARGETS, REMOTE))
            checkout.close()


def runners(actions: Sequence[Action]) -> dict[str, int]:
    """How many actions each runner has run or spared."""
    names = [action.runner for action in actions]
    return {name: names.count(name) for name in sorted(set(names))}


def made(build: Build) -> dict[str, str]:
    """Digests of all that was built; what tests write has times in it."""
    return {
        path: digest
        for action in build.actions
        if action.mnemonic != TESTS
        for path, digest in action.outputs.items()
    }


def test_every_action_and_test_runs_on_a_worker(site: Site) -> None:
    assert site.tested.status == 0
    assert runners(site.tested.actions) == {"remote": len(site.tested.actions)}
    tests = {action.target for action in site.tested.actions if action.mnemonic == TESTS}
    assert tests == set(SIMULATED)
    print(f"workers have run {len(site.tested.actions)} actions")


def test_a_second_checkout_is_served_all_results(site: Site) -> None:
    other = Checkout(copy_checkout(site.folder / "home" / "clone"), site.folder / "second_root")
    use_engine(other, site.engine.endpoint)
    build = other.build("test", TARGETS, REMOTE)
    other.close()
    assert build.status == 0
    assert runners(build.actions) == {"remote cache hit": len(site.tested.actions)}
    assert build.digests() == site.tested.digests()


def test_workers_make_the_same_bytes_as_this_machine(site: Site) -> None:
    site.checkout.clean()
    build = site.checkout.build("build", [LIBRARY])
    assert build.status == 0
    assert not any("remote" in runner for runner in runners(build.actions))
    assert made(build)
    assert made(build).items() <= made(site.tested).items()


def test_without_an_endpoint_the_build_says_so(site: Site) -> None:
    options = site.checkout.checkout / "user.bazelrc"
    text = options.read_text()
    options.unlink()
    site.checkout.clean()
    try:
        build = site.checkout.build("build", [LIBRARY], REMOTE)
    finally:
        options.write_text(text)
    assert build.status != 0
    assert "remote_executor.is.not.set.see.docs.remote_execution.md" in build.messages
    assert not build.digests(), "something was built all the same"


def test_an_engine_that_is_not_there_is_an_error(site: Site) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        site.checkout.clean()
        endpoint = f"--remote_executor=grpc://127.0.0.1:{port}"
        build = site.checkout.build("build", [LIBRARY], REMOTE, endpoint)
    assert build.status != 0
    assert "UNAVAILABLE" in build.messages
    assert not build.digests(), "something was built all the same"


def kill_when_busy(worker: Worker, gone: threading.Event) -> None:
    """Waits until the worker has put an action's inputs together, and kills it."""
    end = time.monotonic() + _A_WORKER_STARTS_WITHIN_SECONDS
    while time.monotonic() < end:
        if worker.staged():
            worker.kill()
            gone.set()
            return
        time.sleep(0.02)


def test_a_worker_that_dies_loses_nothing(site: Site) -> None:
    """The last test: it leaves one worker."""
    victim, survivor = site.engine.workers
    gone = threading.Event()
    watcher = threading.Thread(target=kill_when_busy, args=(victim, gone))
    site.checkout.clean()
    watcher.start()
    # Nothing is taken from the results of the builds before.
    build = site.checkout.build("build", [LIBRARY], REMOTE, "--noremote_accept_cached")
    watcher.join()
    assert gone.is_set()
    assert not victim.is_running()
    assert victim.staged(), "the action that the worker had begun was done before it died"
    assert survivor.is_running()
    assert build.status == 0
    assert runners(build.actions) == {"remote": len(build.actions)}
    assert made(build)
    assert made(build).items() <= made(site.tested).items()
