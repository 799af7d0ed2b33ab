"""Compiles C into a library from within a rule."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def compile_library(ctx, srcs, hdrs, deps, copts, includes = [], additional_inputs = []):
    """Declares compilation and archiving.

    Args:
      ctx: context of a rule that uses the C toolchain.
      srcs: list of File, C and assembly.
      hdrs: list of File.
      deps: list of CcInfo.
      copts: list of string.
      includes: list of string, folders in which dependents find the headers.
      additional_inputs: list of File that the compiler reads besides.

    Returns:
      A struct of `cc_info` and `files`, a list of File, the library.
    """
    cc_toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = cc_toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    context, objects = cc_common.compile(
        name = ctx.label.name,
        actions = ctx.actions,
        additional_inputs = additional_inputs,
        cc_toolchain = cc_toolchain,
        compilation_contexts = [info.compilation_context for info in deps],
        feature_configuration = features,
        includes = includes,
        public_hdrs = hdrs,
        srcs = srcs,
        user_compile_flags = copts,
    )
    linking_context, linked = cc_common.create_linking_context_from_compilation_outputs(
        name = ctx.label.name,
        actions = ctx.actions,
        cc_toolchain = cc_toolchain,
        compilation_outputs = objects,
        disallow_dynamic_library = True,
        feature_configuration = features,
        linking_contexts = [info.linking_context for info in deps],
    )
    library = linked.library_to_link
    return struct(
        cc_info = CcInfo(compilation_context = context, linking_context = linking_context),
        files = [
            file
            for file in [library.static_library, library.pic_static_library]
            if file
        ] if library else [],
    )
