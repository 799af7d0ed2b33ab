"""operator_library: operators that models have and Tilewright does not."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":providers.bzl", "OperatorInfo")

def _operator_library_impl(ctx):
    return [
        DefaultInfo(files = depset(ctx.files.srcs)),
        OperatorInfo(
            cc_infos = [target[CcInfo] for target in ctx.attr.kernels],
            modules = ctx.files.srcs,
        ),
    ]

operator_library = rule(
    implementation = _operator_library_impl,
    doc = """Operators for an `onnx_model`: what they mean to the compiler, and their kernels.

What compiles, runs or compares the model has them from there. docs/adding_an_operator.md shows
everything that belongs to an operator.
""",
    attrs = {
        "kernels": attr.label_list(
            doc = "What the generated C calls: `kernel_library`, or any C library.",
            providers = [CcInfo],
        ),
        "srcs": attr.label_list(
            doc = """Python modules that register lowerings. They import NumPy and
`compiler.extension`, not each other.""",
            allow_files = [".py"],
            mandatory = True,
        ),
    },
    provides = [OperatorInfo],
)
