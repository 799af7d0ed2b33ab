"""Cycles that kernels of the Siracusa cluster take, with data in L1 and code in the caches.

A formula counts what the slowest core does, in terms that follow from a kernel's loops
(`siracusa_cluster_terms.py`), and weighs each term with cycles fitted to the simulator, which
models conflicts of L1's banks. `tests/simulator/kernels/cycles_test.py` compares predictions with
measurements.
"""

from __future__ import annotations

import functools

from compiler.target.siracusa_cluster_terms import (
    ConvTile,
    Pair,
    Terms,
    conv_terms,
    depthwise_singly_terms,
    depthwise_terms,
    divide_up,
    matmul_terms,
)

CORES = 8

CYCLES: dict[str, float] = {
    "1 rows": 130.0,
    "2 rows": 187.91,
    "4 rows": 252.29,
    "block of 1 rows": 82.85,
    "block of 2 rows": 79.7,
    "block of 4 rows": 125.63,
    "block that ends the outputs": 223.25,
    "last block of 1 row": 45.0,
    "matmul call": 285.0,
    "matmul group": 123.67,
    "matmul group of rows that end within a word": 88.24,
    "matmul groups": 309.22,
    "matmul next group": 70.81,
    "matmul of one row": 119.65,
    "word of 1 rows": 17.63,
    "word of 2 rows": 14.48,
    "word of 4 rows": 24.75,
    "word of last block of 1 row": 9.18,
    "block of 1 rows of 4 bits": 98.98,
    "block of 1 rows of 2 bits": 156.02,
    "block of 2 rows of 4 bits": 85.17,
    "block of 2 rows of 2 bits": 106.48,
    "block of 4 rows of 4 bits": 204.22,
    "block of 4 rows of 2 bits": 202.10,
    "last block of 1 row of 4 bits": 15.94,
    "last block of 1 row of 2 bits": 70.07,
    "matmul of one row of 4 bits": 181.54,
    "matmul of one row of 2 bits": 136.76,
    "word of 1 rows of 4 bits": 21.07,
    "word of 1 rows of 2 bits": 25.00,
    "word of 2 rows of 4 bits": 18.34,
    "word of 2 rows of 2 bits": 21.18,
    "word of 4 rows of 4 bits": 28.62,
    "word of 4 rows of 2 bits": 32.93,
    "word of last block of 1 row of 4 bits": 11.03,
    "word of last block of 1 row of 2 bits": 13.01,
    "run of block": 8.0,
    "conv border window": 165.18,
    "conv call": 457.53,
    "conv group": 282.67,
    "conv group in taps": 114.94,
    "conv row of border window": 95.38,
    "conv row of group": 13.31,
    "conv row of window": 30.22,
    "conv tap of group": 47.57,
    "conv value of border window": -2.4,
    "conv value of window": -1.81,
    "conv window": 53.03,
    "depthwise band": 817.59,
    "depthwise call": 135.05,
    "depthwise quad split": 19.3,
    "depthwise row of strip with stride 1": 32.27,
    "depthwise row of strip with stride 2": 43.46,
    "depthwise row split": 24.4,
    "depthwise strip with stride 1": 46.73,
    "depthwise strip with stride 2": 32.54,
    "depthwise output": 36.0,
    "depthwise word of output": 18.0,
    "depthwise word filled": 1.98,
    "table call": 80.0,
    "table word pair": 25.9,
    "add call": 110.0,
    "add word": 30.5,
    "multiply call": 110.0,
    "multiply word": 38.5,
    "attention word call": 276.0,
    "attention word query": 215.0,
    "attention word key": 15.2,
    "attention word second table": 7.6,
    "attention words call": 300.0,
    "attention words pair": 500.0,
    "attention words pair key": 24.6,
    "attention call": 200.0,
    "attention single": 541.7,
    "attention single key": 15.37,
    "attention single word": 147.53,
    "attention single word of key": 10.5,
    "attention pair": 680.0,
    "attention pair key": 26.5,
    "attention pair key in quads": 11.15,
    "attention pair word": 250.0,
    "attention pair word of key": 13.85,
    "attention zero point": 1.0,
    "attention second table": 7.5,
    "attention scalar": 9.0,
}
"""Cycles of each term. An instruction takes one, unless its access meets another one's bank."""


def cycles(terms: Terms) -> float:
    """Cycles of what has these terms."""
    return sum(CYCLES[name] * count for name, count in terms.items())


@functools.cache
def matmul_packed(rows: int, inner: int, columns: int, cores: int = CORES, bits: int = 8) -> float:
    """Cycles of tw_matmul_packed_s8 with weights of so many bits."""
    return max(
        cycles(matmul_terms(rows, inner, columns, core, cores, bits)) for core in range(cores)
    )


@functools.cache
def conv_packed(tile: ConvTile, cores: int = CORES, bits: int = 8) -> float:
    """Cycles of tw_conv_packed_s8 with weights of so many bits."""
    return max(cycles(conv_terms(tile, core, cores, bits)) for core in range(cores))


@functools.cache
def depthwise_conv_packed(
    tile: ConvTile, band_rows: int, *, turned: bool = False, cores: int = CORES
) -> float:
    """Cycles of tw_depthwise_conv_packed_s8 with kernels of 3x3, stride 1 or 2, in strips.

    Args:
        tile: the convolution; `outputs` is `channels`.
        band_rows: output rows of a band; columns if `turned`.
        turned: rows and columns are exchanged.
        cores: cores that share the work.
    """
    return max(
        cycles(depthwise_terms(tile, band_rows, turned, core, cores)) for core in range(cores)
    )


@functools.cache
def depthwise_conv_singly(tile: ConvTile, band_rows: int, cores: int = CORES) -> float:
    """Cycles of tw_depthwise_conv_packed_s8 where outputs are computed one by one."""
    return max(
        cycles(depthwise_singly_terms(tile, band_rows, core, cores)) for core in range(cores)
    )


def table(elements: int, cores: int = CORES) -> float:
    """Cycles of tw_table."""
    return CYCLES["table call"] + CYCLES["table word pair"] * divide_up(elements // 8, cores)


def add(elements: int, cores: int = CORES) -> float:
    """Cycles of tw_add_s8 for operands of one shape."""
    return CYCLES["add call"] + CYCLES["add word"] * divide_up(elements // 4, cores)


def multiply(elements: int, cores: int = CORES) -> float:
    """Cycles of tw_multiply_s8 for operands of one shape."""
    return CYCLES["multiply call"] + CYCLES["multiply word"] * divide_up(elements // 4, cores)


def attention_word(
    heads: int, queries: int, keys: int, *, second_table: bool, cores: int = CORES
) -> float:
    """Cycles of tw_attention_word_s8 for queries that attend to so many keys, on average."""
    rows = divide_up(heads * queries, cores)
    return cycles(
        {
            "attention word call": 1,
            "attention word query": rows,
            "attention word key": rows * keys,
            "attention word second table": rows * keys * second_table,
        }
    )


def attention_words(heads: int, queries: int, keys: int, cores: int = CORES) -> float:
    """Cycles of tw_attention_words_s8; arguments as of `attention_word`."""
    pairs = divide_up(divide_up(heads * queries, cores), 2)
    return cycles(
        {
            "attention words call": 1,
            "attention words pair": pairs,
            "attention words pair key": pairs * keys,
        }
    )


def attention(
    heads: int,
    queries: int,
    keys: int,
    sizes: Pair,
    *,
    second_table: bool,
    zero_point: bool = False,
    cores: int = CORES,
) -> float:
    """Cycles of tw_attention_s8 for up to 256 keys.

    Args:
        heads: of queries, in all batch entries.
        queries: per head.
        keys: that a query attends to, on average.
        sizes: of keys and of values.
        second_table: whether weights come from two tables.
        zero_point: whether that of queries is not 0.
        cores: cores that share the work.
    """
    kind = "single" if queries == 1 else "pair"
    quads = " in quads" if queries > 1 and sizes[0] % 16 == 0 and not zero_point else ""
    items = divide_up(heads * divide_up(queries, 2), cores)
    rows = items * min(queries, 2)
    words = items * (sizes[0] // 4 + sizes[1] // 4) / 2
    return cycles(
        {
            "attention call": 1,
            f"attention {kind}": items,
            f"attention {kind} key{quads}": items * keys,
            f"attention {kind} word": words,
            f"attention {kind} word of key": words * keys,
            "attention second table": rows * keys * second_table,
            "attention zero point": (rows + items * sizes[0] // 4) * keys * zero_point,
            "attention scalar": rows * keys * (sizes[0] % 4 + sizes[1] % 4),
        }
    )
