"""The integer dialect of the PULP tools (QuantLib, NEMO, Deeploy) as an input format.

Files hold integers as float32 and have operators of their own, RequantShift the most frequent.
`prepare` makes such a file a valid ONNX model; `integer_model` gives its tensors integer types, so
that lowerings see what is computed. docs/importers.md says what each operator means.
"""
