"""Exports every architecture with torch.onnx; runs outside of the build, see README.md."""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from models.pytorch.architectures import convolutional, sequences, transformers

MAXIMUM_BYTES = 200_000


@dataclass(frozen=True)
class Network:
    """How one architecture is exported.

    Attributes:
        build: makes the module; the seed comes from the network's name.
        inputs: shapes of float32 inputs, by name; `ids` and the like have a bound instead.
        outputs: names of the outputs.
        integers: int64 inputs and what their values are below.
        opset: operator set; None for the exporter's default.
        dynamic: names of open axes, by input.
    """

    build: Callable[[], nn.Module]
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    integers: Mapping[str, int] = field(default_factory=dict[str, int])
    opset: int | None = None
    dynamic: Mapping[str, Mapping[int, str]] = field(default_factory=dict[str, Mapping[int, str]])


NETWORKS: Mapping[str, Network] = {
    "plain_cnn": Network(
        convolutional.PlainCnn,
        {"image": (2, 1, 16, 16)},
        ("logits",),
        dynamic={"image": {0: "batch"}},
    ),
    "residual_cnn": Network(
        convolutional.ResidualCnn, {"image": (1, 3, 16, 16)}, ("logits",), opset=18
    ),
    "mobilenet": Network(convolutional.MobileNet, {"image": (1, 3, 16, 16)}, ("logits",)),
    "squeeze_excite": Network(
        convolutional.SqueezeExciteCnn, {"image": (1, 1, 12, 12)}, ("logits",)
    ),
    "unet": Network(convolutional.UNet, {"image": (1, 1, 16, 16)}, ("mask",)),
    "convnext": Network(convolutional.ConvNextBlock, {"image": (1, 3, 32, 32)}, ("features",)),
    "shufflenet": Network(convolutional.ShuffleNet, {"image": (1, 1, 16, 16)}, ("logits",)),
    "autoencoder": Network(
        convolutional.Autoencoder, {"image": (1, 1, 16, 16)}, ("found", "error")
    ),
    "detection_head": Network(
        convolutional.DetectionHead, {"image": (1, 3, 32, 32)}, ("boxes", "scores", "classes")
    ),
    "heatmap_pose": Network(
        convolutional.HeatmapPose, {"image": (1, 1, 16, 16)}, ("points",), opset=21
    ),
    "temporal_convolution": Network(
        sequences.TemporalConvolution,
        {"signal": (1, 4, 24)},
        ("logits",),
        dynamic={"signal": {2: "time"}},
    ),
    "gated_convolution": Network(sequences.GatedConvolution, {"signal": (1, 1, 32)}, ("found",)),
    "keyword_spotter": Network(
        sequences.KeywordSpotter, {"spectrogram": (1, 1, 25, 10)}, ("log_probabilities",)
    ),
    "gru": Network(sequences.Gru, {"signal": (1, 12, 6)}, ("logits",)),
    "lstm": Network(sequences.BidirectionalLstm, {"signal": (1, 8, 6)}, ("logits",)),
    "streaming_lstm": Network(
        sequences.StreamingLstm,
        {"block": (4, 1, 8), "hidden": (1, 1, 12), "cell": (1, 1, 12)},
        ("filtered", "hidden_next", "cell_next"),
    ),
    "cell_loop": Network(sequences.CellLoop, {"signal": (1, 6, 4)}, ("logits",)),
    "graph_convolution": Network(
        sequences.GraphConvolution,
        {"features": (1, 9, 5), "adjacency": (1, 9, 9)},
        ("logits",),
        dynamic={"features": {1: "vertices"}, "adjacency": {1: "vertices", 2: "vertices"}},
    ),
    "attention_pooling": Network(
        sequences.AttentionPooling,
        {"instances": (2, 7, 10)},
        ("logits", "weights"),
        dynamic={"instances": {0: "batch", 1: "instances"}},
    ),
    "point_net": Network(
        sequences.PointNet, {"cloud": (1, 3, 32)}, ("logits",), dynamic={"cloud": {2: "points"}}
    ),
    "vision_transformer": Network(
        transformers.VisionTransformer,
        {"image": (2, 3, 16, 16)},
        ("logits",),
        dynamic={"image": {0: "batch"}},
    ),
    "swin_block": Network(transformers.SwinBlock, {"features": (1, 8, 8, 16)}, ("found",)),
    "mlp_mixer": Network(transformers.MlpMixer, {"image": (1, 1, 16, 16)}, ("logits",)),
    "llama_decoder": Network(
        transformers.LlamaDecoder,
        {"ids": (1, 3), "position": (1,), "keys": (1, 2, 16, 8), "values": (1, 2, 16, 8)},
        ("logits", "keys_next", "values_next"),
        integers={"ids": 64, "position": 8},
        dynamic={"ids": {1: "seq"}},
    ),
    "llama_decoder_opset23": Network(
        transformers.LlamaDecoder,
        {"ids": (1, 3), "position": (1,), "keys": (1, 2, 16, 8), "values": (1, 2, 16, 8)},
        ("logits", "keys_next", "values_next"),
        integers={"ids": 64, "position": 8},
        opset=23,
        dynamic={"ids": {1: "seq"}},
    ),
    "gpt2_block": Network(
        transformers.Gpt2Block,
        {"ids": (1, 8)},
        ("logits",),
        integers={"ids": 48},
        dynamic={"ids": {1: "seq"}},
    ),
    "whisper_encoder": Network(
        transformers.WhisperEncoder, {"spectrogram": (1, 8, 24)}, ("features",), opset=23
    ),
    "post_norm_encoder": Network(
        transformers.PostNormEncoder,
        {"ids": (1, 10), "mask": (1, 10)},
        ("logits",),
        integers={"ids": 50, "mask": 2},
    ),
}

_PRIVATE = tuple(str(path) for path in (Path.cwd(), Path.home(), sys.prefix, ".py"))
"""What a file does not hold once it tells nothing of the machine it was made on."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder for the ONNX files")
    parser.add_argument("names", nargs="*", help="networks; by default all")
    options = parser.parse_args()
    for name in options.names or NETWORKS:
        data = export(name, NETWORKS[name]).SerializeToString(deterministic=True)
        if len(data) > MAXIMUM_BYTES:
            raise SystemExit(f"{name} has {len(data)} bytes, more than {MAXIMUM_BYTES}")
        (options.output / f"{name}.onnx").write_bytes(data)


def export(name: str, network: Network) -> onnx.ModelProto:
    """The network as torch.onnx exports it, without what tells where that was done."""
    torch.manual_seed(zlib.crc32(name.partition("_opset")[0].encode()))
    module = network.build()
    _settle(module)
    inputs = {key: _example(key, shape, network) for key, shape in network.inputs.items()}
    axes = {axis: Dim(axis) for given in network.dynamic.values() for axis in given.values()}
    dynamic = {
        key: {axis: axes[given] for axis, given in network.dynamic.get(key, {}).items()}
        for key in inputs
    }
    program = torch.onnx.export(
        module.eval(),
        (),
        kwargs=inputs,
        input_names=list(inputs),
        output_names=list(network.outputs),
        dynamic_shapes=dynamic if network.dynamic else None,
        opset_version=network.opset,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    return _anonymous(program.model_proto)


def _example(key: str, shape: tuple[int, ...], network: Network) -> Tensor:
    if key in network.integers:
        return torch.randint(network.integers[key], shape)
    return torch.randn(shape)


def _settle(module: nn.Module) -> None:
    """Gives normalisations statistics and factors as training leaves them."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            assert part.running_mean is not None and part.running_var is not None
            nn.init.normal_(part.running_mean, std=0.3)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.2)


def _anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without stack traces and texts: these name files of the machine it was made on."""
    graphs: list[Any] = [model.graph, *model.functions]
    for graph in graphs:
        for part in (graph, *graph.node, *graph.value_info):
            del part.metadata_props[:]
            part.doc_string = ""
    for part in (*model.graph.initializer, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del model.metadata_props[:]
    model.doc_string = ""
    model.graph.name = "main_graph"
    data = model.SerializeToString()
    found = [text for text in _PRIVATE if text.encode() in data]
    if found:
        raise SystemExit(f"the model holds {found}")
    return model


if __name__ == "__main__":
    main()
