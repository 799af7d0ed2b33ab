"""onnx_model: an ONNX file."""

load(":providers.bzl", "ModelInfo", "OperatorInfo")

def _onnx_model_impl(ctx):
    return [
        ModelInfo(
            golden = ctx.file.golden,
            license = ctx.attr.license,
            onnx = ctx.file.src,
            operators = [target[OperatorInfo] for target in ctx.attr.operators],
        ),
        DefaultInfo(files = depset([ctx.file.src])),
        OutputGroupInfo(
            golden = depset([ctx.file.golden] if ctx.file.golden else []),
            onnx = depset([ctx.file.src]),
        ),
    ]

onnx_model = rule(
    implementation = _onnx_model_impl,
    doc = "An ONNX model, from a file or from a rule that writes one, such as a genrule.",
    attrs = {
        "golden": attr.label(
            doc = """Inputs to test the model with, .npz.

Keys are the names of the model's inputs, or, for several runs and entry points,
`<step>/<entry point>/input/<tensor>`; steps run in the order of their names.
""",
            allow_single_file = [".npz"],
        ),
        "license": attr.string(
            doc = "SPDX expression of the model's licence, for `firmware_sbom`.",
        ),
        "operators": attr.label_list(
            doc = "`operator_library` of each operator of the model that Tilewright does not have.",
            providers = [OperatorInfo],
        ),
        "src": attr.label(
            doc = "The model.",
            allow_single_file = [".onnx"],
            mandatory = True,
        ),
    },
    provides = [ModelInfo],
)
