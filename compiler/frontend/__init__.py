"""From an ONNX file to checked, static, constant-folded `OnnxModel`."""
