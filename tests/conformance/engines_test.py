"""Which kernels use a cluster's instructions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.engines import kernel_sources

WORKSPACE = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("tw_softmax_s8", True),  # has an override
        ("tw_conv_packed_s8_w4", True),  # calls an overridden function, from a template
        ("tw_depthwise_conv_packed_s8", True),  # calls functions of other files
        ("tw_conv_s8", False),
        ("tw_less_s32", False),
    ],
)
def test_a_kernel_uses_corev_where_it_or_what_it_calls_is_overridden(
    function: str, expected: bool
) -> None:
    assert kernel_sources(WORKSPACE).uses_corev(function) is expected


def test_overrides_are_found(tmp_path: Path) -> None:
    for name, text in {
        "ref/outer.c": '#include "tilewright/inner_template.h"\n',
        "ref/inner.c": "void tw_inner(int32_t *data) {\n}\n",
        "include/tilewright/inner_template.h": "static void f(void) {\n  tw_inner(0);\n}\n",
        "xcorev/inner.S": "",
    }.items():
        path = tmp_path / "kernels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sources = kernel_sources(tmp_path)
    assert sources.files == {"tw_inner": "inner"}
    assert sources.uses_corev("tw_inner")
    assert sources.uses_corev("tw_outer")
    assert not sources.uses_corev("tw_other")
