"""Nothing is downloaded that the list does not name, with version, hash and licence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing

from tools.supply_chain.downloads import Download, differences, list_text, locked, read_list
from tools.supply_chain.update_downloads import renewed

COMMAND = "python3 -m tools.supply_chain.update_downloads"
ROOT = Path()
LICENSES = get_spdx_licensing()
HASH = re.compile(r"sha256:[0-9a-f]{64}|sha(256|512):[A-Za-z0-9+/]{43,}=*")


def test_the_list_is_what_the_locks_name() -> None:
    problems = differences(read_list(ROOT), locked(ROOT))
    if problems:
        pytest.fail("\n".join([*problems, f"Renew the list: {COMMAND}"]), pytrace=False)


def test_every_kind_is_there() -> None:
    kinds = {download.kind for download in locked(ROOT)}
    assert kinds == {"bazel_module", "debian", "npm", "wheel"}


def test_the_text_is_in_order() -> None:
    listed = read_list(ROOT)
    text = (ROOT / "tools/supply_chain/downloads.json").read_text(encoding="utf-8")
    assert list_text(listed) == text


def test_hashes_and_licences_are_well_formed() -> None:
    for download in read_list(ROOT):
        assert all(HASH.fullmatch(value) for value in download.hashes), download
        unknown = [
            key
            for key in LICENSES.license_keys(download.license, unique=True)
            if key not in LICENSES.known_symbols and not key.startswith("LicenseRef-")
        ]
        assert not unknown, download


WHEEL = Download("wheel", "a.lock", "one", "1.0", ("sha256:" + "0" * 64,))
LISTED = replace(WHEEL, license="MIT")


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ([], "wheel one 1.0 of a.lock is not listed"),
        ([replace(LISTED, version="0.9")], "is listed with version 0.9"),
        ([replace(LISTED, hashes=("sha256:" + "1" * 64,))], "is listed with other hashes"),
        ([replace(LISTED, license="")], "is listed without a licence"),
        ([LISTED, replace(LISTED, name="two")], "wheel two is listed, but a.lock does not name it"),
    ],
)
def test_what_a_wrong_list_is_told(listed: list[Download], problem: str) -> None:
    (found,) = differences(listed, [WHEEL])
    assert problem in found


def test_a_module_needs_a_hash() -> None:
    module = Download("bazel_module", "MODULE.bazel", "rules", "1.0", (), "MIT")
    assert differences([module], [module])[0].endswith("is listed without a hash")
    assert not differences([replace(module, hashes=("sha256:x",))], [module])


def test_renewing_keeps_licences_and_not_the_hash_of_another_version() -> None:
    old = Download("bazel_module", "MODULE.bazel", "rules", "1.0", ("sha256:x",), "MIT")
    same = replace(old, hashes=(), license="")
    assert renewed([old], [same], {}, {}) == [old]
    newer = replace(same, version="1.1")
    assert renewed([old], [newer], {}, {}) == [replace(newer, license="MIT")]
    assert renewed([], [same], {"rules": "MIT"}, {"rules": "sha256:x"}) == [old]
