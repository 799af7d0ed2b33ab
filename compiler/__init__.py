"""Tilewright's compiler: ONNX in, C and packed weights out. Knows nothing of Bazel."""
