"""kernel_library: the kernels that networks call."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//rules/private:cc_library.bzl", "compile_library")
load(":providers.bzl", "KernelInfo")

def _stem(file):
    return file.basename.removesuffix("." + file.extension)

def choose_kernels(reference, overrides):
    """The files to compile: references, those with an override of the same base name replaced.

    Args:
      reference: list of File.
      overrides: list of File.

    Returns:
      A struct of `sources`, a list of File ordered by base name, and `problems`, a list of string.
    """
    chosen = {}
    problems = []
    for file in reference:
        if _stem(file) in chosen:
            problems.append("two references have the base name {}".format(_stem(file)))
        chosen[_stem(file)] = file
    overridden = {}
    for file in overrides:
        if _stem(file) not in chosen:
            problems.append("{} overrides nothing: no reference has the base name {}".format(
                file.short_path,
                _stem(file),
            ))
        elif _stem(file) in overridden:
            problems.append("two overrides have the base name {}".format(_stem(file)))
        overridden[_stem(file)] = file
    chosen.update(overridden)
    return struct(
        sources = [chosen[stem] for stem in sorted(chosen)],
        problems = problems,
    )

def _kernel_library_impl(ctx):
    chosen = choose_kernels(ctx.files.reference, ctx.files.overrides)
    if chosen.problems:
        fail("{}:\n  {}".format(ctx.label, "\n  ".join(chosen.problems)))
    library = compile_library(
        ctx,
        srcs = chosen.sources,
        hdrs = ctx.files.hdrs,
        deps = [target[CcInfo] for target in ctx.attr.deps],
        copts = ["-std=c99"] + ctx.attr.copts,
    )
    return [
        library.cc_info,
        DefaultInfo(files = depset(library.files)),
        KernelInfo(sources = depset(chosen.sources)),
    ]

kernel_library = rule(
    implementation = _kernel_library_impl,
    doc = """Reference kernels, replaced one by one by faster ones for an instruction set.

An override has the base name of the reference it replaces: `cluster/matmul_s8.c` replaces
`ref/matmul_s8.c`. Which overrides apply is chosen with `select` on the platform's constraints:

    overrides = select({
        "//platforms/constraints/isa:rv32imfcxcv": glob(["xcv/*.c"]),
        "//conditions:default": [],
    })
""",
    attrs = {
        "copts": attr.string_list(doc = "Further compiler flags."),
        "deps": attr.label_list(doc = "Libraries that the kernels use.", providers = [CcInfo]),
        "hdrs": attr.label_list(doc = "Headers of the kernels.", allow_files = [".h"]),
        "overrides": attr.label_list(
            doc = "Faster versions for the platform at hand.",
            allow_files = [".c", ".S"],
        ),
        "reference": attr.label_list(
            doc = "Portable C, one file for each kernel.",
            allow_files = [".c"],
            mandatory = True,
        ),
    },
    fragments = ["cpp"],
    provides = [CcInfo, KernelInfo],
    toolchains = use_cc_toolchain(),
)
