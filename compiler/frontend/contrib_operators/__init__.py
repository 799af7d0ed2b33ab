"""Operators of onnxruntime (com.microsoft) as ONNX's own."""

__all__: list[str] = []
