"""Which model a program was compiled from: the digest of its file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from onnx import ModelProto, TensorProto

from compiler.frontend.read_model import tensors_of


def model_digest(path: Path) -> str:
    """SHA-256 in hexadecimal of a model that `read_model` can read.

    It is what `sha256sum` prints of the file. A model with external data is several files: its
    digest is that of the model's bytes followed by those of every external file once, in the order
    of their names in the model.
    """
    data = path.read_bytes()
    proto = ModelProto()
    proto.ParseFromString(data)
    locations = {
        entry.value
        for tensor in tensors_of(proto.graph)
        if tensor.data_location == TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    digest = hashlib.sha256(data)
    for location in sorted(locations):
        digest.update((path.parent / location).read_bytes())
    return digest.hexdigest()
