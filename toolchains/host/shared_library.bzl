"""shared_library: C code that a program on the host loads at run time."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _shared_library_impl(ctx):
    cc_toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = cc_toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    _, objects = cc_common.compile(
        name = ctx.label.name,
        actions = ctx.actions,
        cc_toolchain = cc_toolchain,
        compilation_contexts = [target[CcInfo].compilation_context for target in ctx.attr.deps],
        feature_configuration = features,
        srcs = ctx.files.srcs,
        # No C library of its own: memcpy and the like are those of the process that loads it.
        user_compile_flags = ctx.attr.copts + ["-fPIC"],
    )
    object_files = depset(objects.pic_objects + objects.objects)
    arguments = ctx.actions.args()
    arguments.add_all(["-shared", "--build-id=none", "-o"])
    arguments.add(ctx.outputs.out)
    arguments.add_all(object_files)
    ctx.actions.run(
        mnemonic = "TilewrightSharedLibrary",
        executable = ctx.executable._linker,
        arguments = [arguments],
        inputs = object_files,
        outputs = [ctx.outputs.out],
    )
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

shared_library = rule(
    implementation = _shared_library_impl,
    doc = """A shared library of freestanding C code.

The host toolchain makes static programs only; this is for Python tests that call C by ctypes.
""",
    attrs = {
        "copts": attr.string_list(doc = "Further compiler flags."),
        "deps": attr.label_list(doc = "Libraries whose headers are used.", providers = [CcInfo]),
        "out": attr.output(doc = "The shared library.", mandatory = True),
        "srcs": attr.label_list(doc = "C files.", allow_files = [".c"], mandatory = True),
        "_linker": attr.label(
            default = "//toolchains/zig:ld.lld",
            cfg = "exec",
            executable = True,
        ),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(),
)
