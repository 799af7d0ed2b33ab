"""gcc_toolchain_config: the machine's GCC with AddressSanitizer and UndefinedBehaviorSanitizer."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("//toolchains/zig:clang_toolchain_config.bzl", "STRICT_WARNING_FLAGS")

_COMPILE_ACTIONS = [
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
]

_LINK_ACTIONS = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

_SANITIZER_FLAGS = [
    "-fsanitize=address,undefined",
    # A finding ends the program with an error: a test that reports one does not pass.
    "-fno-sanitize-recover=all",
]

# Arithmetic as in the hermetic toolchain, so that both give the same bits.
_COMPILE_FLAGS = _SANITIZER_FLAGS + [
    "-march=x86-64",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-common",
    "-fno-omit-frame-pointer",
    "-no-canonical-prefixes",
    # Headers behind symbolic links keep the path that they were found by.
    "-fno-canonical-system-headers",
    "-O1",
    "-g",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
]

def _gcc_toolchain_config_impl(ctx):
    def flags(name, actions, arguments, enabled = True):
        return feature(
            name = name,
            enabled = enabled,
            flag_sets = [flag_set(
                actions = actions,
                flag_groups = [flag_group(flags = arguments)],
            )],
        )

    # Bazel asks for a path per tool; those that no rule here runs are not looked for.
    paths = {"gcc": ctx.attr.gcc, "cpp": ctx.attr.gcc, "ar": ctx.attr.ar}
    for unused in ["dwp", "gcov", "ld", "nm", "objcopy", "objdump", "strip"]:
        paths[unused] = "/bin/false"

    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "local_gcc",
        target_system_name = "x86_64-linux-gnu",
        target_cpu = "k8",
        target_libc = "glibc",
        compiler = "gcc",
        abi_version = "gnu",
        abi_libc_version = "glibc",
        cxx_builtin_include_directories = ctx.attr.builtin_include_directories,
        tool_paths = [tool_path(name = name, path = path) for name, path in paths.items()],
        features = [
            flags("default_compile_flags", _COMPILE_ACTIONS, _COMPILE_FLAGS),
            flags(
                "default_link_flags",
                _LINK_ACTIONS,
                _SANITIZER_FLAGS + ["-no-canonical-prefixes"],
            ),
            flags("cxx_runtime", _LINK_ACTIONS, ["-lstdc++", "-lm", "-lpthread"]),
            flags("strict_warnings", _COMPILE_ACTIONS, STRICT_WARNING_FLAGS, enabled = False),
            # A finding names source lines. Without a definition here, fastbuild's links lose them.
            feature(name = "no_stripping", enabled = True),
            feature(name = "strip_debug_symbols"),
        ],
    )

gcc_toolchain_config = rule(
    implementation = _gcc_toolchain_config_impl,
    doc = "cc_toolchain configuration of a GCC on this machine, sanitizers always on.",
    attrs = {
        "ar": attr.string(mandatory = True),
        "builtin_include_directories": attr.string_list(mandatory = True),
        "gcc": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
