"""clang_toolchain_config: cc_toolchain configuration for the wheel's clang, lld, ar and objcopy."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "action_config",
    "feature",
    "flag_group",
    "flag_set",
    "tool",
    "with_feature_set",
)

_CXX_COMPILE_ACTIONS = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
]

_COMPILE_ACTIONS = [
    ACTION_NAMES.c_compile,
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
] + _CXX_COMPILE_ACTIONS

_LINK_ACTIONS = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# Same arithmetic on every machine, and no trace of where or when a file was compiled.
_COMPILE_FLAGS = [
    "-no-canonical-prefixes",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-common",
    "-ffunction-sections",
    "-fdata-sections",
    "-ffile-compilation-dir=.",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
]

_LINK_FLAGS = [
    "-no-canonical-prefixes",
    "-static",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
]

# Of our own sources only; REPO.bazel switches it on for this repository, so that a warning in a
# user's code does not break their build.
_STRICT_WARNING_FLAGS = ["-Wall", "-Wextra", "-Werror"]

def _flags(actions, flags, with_features = []):
    if not flags:
        return []
    return [flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
        with_features = with_features,
    )]

def _mode(name):
    return [with_feature_set(features = [name])]

def _clang_toolchain_config_impl(ctx):
    include_flags = ["-nostdinc"]
    cxx_include_flags = ["-nostdinc++"]
    for marker in ctx.files.cxx_include_markers:
        cxx_include_flags += ["-isystem", marker.dirname]
    for marker in ctx.files.include_markers:
        include_flags += ["-isystem", marker.dirname]

    target_flags = ["--target=" + ctx.attr.target] + ctx.attr.machine_flags
    features = [
        feature(
            name = "target",
            enabled = True,
            flag_sets = _flags(_COMPILE_ACTIONS + _LINK_ACTIONS, target_flags),
        ),
        feature(
            name = "default_flags",
            enabled = True,
            flag_sets =
                _flags(_COMPILE_ACTIONS, _COMPILE_FLAGS + ctx.attr.compile_flags) +
                # libc++ must be searched before libc, whose headers it wraps.
                _flags(_CXX_COMPILE_ACTIONS, cxx_include_flags + ctx.attr.cxx_flags) +
                _flags(_COMPILE_ACTIONS, include_flags) +
                _flags(_COMPILE_ACTIONS, ctx.attr.fastbuild_flags, _mode("fastbuild")) +
                _flags(_COMPILE_ACTIONS, ctx.attr.opt_flags, _mode("opt")) +
                _flags(_COMPILE_ACTIONS, ctx.attr.dbg_flags, _mode("dbg")) +
                _flags(
                    _LINK_ACTIONS,
                    _LINK_FLAGS + ["--ld-path=" + ctx.executable.linker.path] + ctx.attr.link_flags,
                ),
        ),
        feature(
            name = "strict_warnings",
            flag_sets = _flags(_COMPILE_ACTIONS, _STRICT_WARNING_FLAGS),
        ),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        feature(name = "dbg"),
        # Debug information stays in the ELF: simulators and disassembly read it, no target loads it.
        feature(name = "no_stripping", enabled = True),
    ]
    if ctx.files.runtime_archives:
        features.append(feature(
            name = "runtime_archives",
            enabled = True,
            flag_sets = _flags(
                _LINK_ACTIONS,
                [archive.path for archive in ctx.files.runtime_archives],
            ),
        ))

    def tools(actions, executable):
        return [
            action_config(action_name = action, enabled = True, tools = [tool(tool = executable)])
            for action in actions
        ]

    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = ctx.label.name,
        target_system_name = ctx.attr.target,
        target_cpu = ctx.attr.cpu,
        target_libc = ctx.attr.libc,
        compiler = "clang",
        abi_version = ctx.attr.abi,
        abi_libc_version = ctx.attr.libc,
        features = features,
        action_configs =
            tools([
                ACTION_NAMES.c_compile,
                ACTION_NAMES.assemble,
                ACTION_NAMES.preprocess_assemble,
            ], ctx.executable.c_compiler) +
            tools(_CXX_COMPILE_ACTIONS, ctx.executable.cxx_compiler) +
            tools(_LINK_ACTIONS, ctx.executable.c_compiler) +
            tools([ACTION_NAMES.cpp_link_static_library], ctx.executable.archiver) +
            tools([
                ACTION_NAMES.objcopy_embed_data,
                ACTION_NAMES.strip,
            ], ctx.executable.objcopy),
    )

clang_toolchain_config = rule(
    implementation = _clang_toolchain_config_impl,
    doc = "cc_toolchain configuration: `--target`, machine flags, headers, runtime archives.",
    attrs = {
        "abi": attr.string(mandatory = True),
        "archiver": attr.label(default = "//toolchains/zig:ar", cfg = "exec", executable = True),
        "c_compiler": attr.label(default = "//toolchains/zig:clang", cfg = "exec", executable = True),
        "compile_flags": attr.string_list(doc = "Of every compilation, after the common ones."),
        "cpu": attr.string(mandatory = True),
        "cxx_compiler": attr.label(default = "//toolchains/zig:clang++", cfg = "exec", executable = True),
        "cxx_flags": attr.string_list(doc = "Of C++ compilations."),
        "cxx_include_markers": attr.label_list(
            doc = "One file in each C++ system include folder, in search order.",
            allow_files = True,
        ),
        "dbg_flags": attr.string_list(default = ["-O0", "-g"]),
        "fastbuild_flags": attr.string_list(doc = "Used with --compilation_mode=fastbuild."),
        "include_markers": attr.label_list(
            doc = "One file in each C system include folder, in search order.",
            allow_files = True,
        ),
        "libc": attr.string(mandatory = True),
        "link_flags": attr.string_list(doc = "Of every link, before the program's objects."),
        "linker": attr.label(default = "//toolchains/zig:ld.lld", cfg = "exec", executable = True),
        "machine_flags": attr.string_list(doc = "Processor and ABI, for compiling and linking."),
        "objcopy": attr.label(default = "//toolchains/zig:objcopy", cfg = "exec", executable = True),
        "opt_flags": attr.string_list(default = ["-O2", "-DNDEBUG"]),
        "runtime_archives": attr.label_list(
            doc = "Archives of every link; the same labels must be in `linker_files`.",
            allow_files = True,
            cfg = "exec",
        ),
        "target": attr.string(doc = "clang's target triple.", mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
