"""From ONNX operators to operations with kernels; quantised groups become integer arithmetic."""
