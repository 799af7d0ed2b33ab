"""Blocks of transformers on [tokens, features], the rows of a batch of one."""

from __future__ import annotations

from models.building_blocks.network import Network, Tensor


def attention(network: Network, name: str, x: Tensor, heads: int) -> Tensor:
    """Multi-head self-attention of `x`, float32 [tokens, features], with its projections."""
    tokens, features = x.shape
    parts: list[str] = []
    for part in ("query", "key", "value"):
        # Scores then have a standard deviation above 1, so that attention is not a mere mean.
        projected = network.dense(f"{name}.{part}", x, features, gain=1.5)
        parts.append(
            network.reshape(f"{projected.name}_rows", projected.name, (1, tokens, features))
        )
    network.node("Attention", f"{name}.mix", parts, q_num_heads=heads, kv_num_heads=heads)
    mixed = network.reshape(f"{name}.mix_rows", f"{name}.mix", (tokens, features))
    return network.dense(
        f"{name}.projection", Tensor(mixed, x.shape, x.moments), features, gain=1.0
    )


def feed_forward(network: Network, name: str, x: Tensor, hidden: int) -> Tensor:
    """Two dense layers with GELU between them."""
    y = network.gelu(f"{name}.gelu", network.dense(f"{name}.up", x, hidden, gain=1.0))
    return network.dense(f"{name}.down", y, x.shape[1], gain=1.0)
