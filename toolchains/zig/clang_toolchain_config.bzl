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
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")

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
]

# Of our own sources only; REPO.bazel switches it on for this repository, so that a warning in a
# user's code does not break their build.
STRICT_WARNING_FLAGS = ["-Wall", "-Wextra", "-Werror"]

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
    wheel_lib = ctx.file._wheel_lib_marker.dirname

    def system_includes(folders):
        flags = []
        for folder in folders:
            flags += ["-isystem", wheel_lib + "/" + folder]
        return flags

    # The wheel's folder is nobody's root file system: with it as such, clang finds neither the
    # machine's GCC nor its libraries.
    target_flags = [
        "--target=" + ctx.attr.target,
        "--sysroot=" + wheel_lib,
    ] + ctx.attr.machine_flags

    runtime_flags = [
        file.path
        for file in ctx.files.runtime_files
        if file.extension == "o"
    ] + {
        "-L" + file.dirname: None
        for file in ctx.files.runtime_files
        if file.extension == "a"
    }.keys() + ["-l" + library for library in ctx.attr.runtime_libraries]

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
                _flags(
                    _CXX_COMPILE_ACTIONS,
                    ["-nostdinc++"] + system_includes(ctx.attr.cxx_include_folders) +
                    ctx.attr.cxx_flags,
                ) +
                _flags(
                    _COMPILE_ACTIONS,
                    ["-nostdinc"] + system_includes(ctx.attr.include_folders),
                ) +
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
            flag_sets = _flags(_COMPILE_ACTIONS, STRICT_WARNING_FLAGS),
        ),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(
            name = "runtime",
            enabled = True,
            flag_sets = _flags(_LINK_ACTIONS, runtime_flags),
        ),
        # Debug information stays in the ELF: simulators and debuggers read it, no target loads it.
        # The second of these, where we do not define it, strips fastbuild's links.
        feature(name = "no_stripping", enabled = True),
        feature(name = "strip_debug_symbols"),
    ]

    def tools(actions, executable, implies = []):
        return [
            action_config(
                action_name = action,
                enabled = True,
                implies = implies,
                tools = [tool(tool = executable)],
            )
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
            tools(_COMPILE_ACTIONS + _LINK_ACTIONS, ctx.executable.compiler) +
            tools(
                [ACTION_NAMES.cpp_link_static_library],
                ctx.executable.archiver,
                # Bazel's own definition of the command line.
                implies = ["archiver_flags"],
            ) +
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
        "archiver": attr.label(
            default = "//toolchains/zig:ar",
            cfg = "exec",
            executable = True,
        ),
        "compile_flags": attr.string_list(doc = "Of every compilation, after the common ones."),
        "compiler": attr.label(
            default = "//toolchains/zig:clang",
            cfg = "exec",
            executable = True,
        ),
        "cpu": attr.string(mandatory = True),
        "cxx_flags": attr.string_list(doc = "Of C++ compilations."),
        "cxx_include_folders": attr.string_list(
            doc = "System include folders of C++ alone, below the wheel's `lib`, in search order.",
        ),
        "dbg_flags": attr.string_list(
            doc = "Used with --compilation_mode=dbg.",
            default = ["-O0", "-g"],
        ),
        "fastbuild_flags": attr.string_list(
            # Reference kernels at -O0 would make network tests several times slower.
            doc = "Used with --compilation_mode=fastbuild.",
            default = ["-O1"],
        ),
        "include_folders": attr.string_list(
            doc = "System include folders, below the wheel's `lib`, in search order.",
        ),
        "libc": attr.string(mandatory = True),
        "link_flags": attr.string_list(doc = "Of every link, before the program's objects."),
        "linker": attr.label(
            default = "//toolchains/zig:ld.lld",
            cfg = "exec",
            executable = True,
        ),
        "machine_flags": attr.string_list(doc = "Processor and ABI, for compiling and linking."),
        "objcopy": attr.label(
            default = "//toolchains/zig:objcopy",
            cfg = "exec",
            executable = True,
        ),
        "opt_flags": attr.string_list(
            doc = "Used with --compilation_mode=opt.",
            default = ["-O2", "-DNDEBUG"],
        ),
        "runtime_files": attr.label_list(
            doc = """Start-up objects, linked always, and archives, searched for
`runtime_libraries`. The same labels must be in the toolchain's `linker_files`.""",
            allow_files = True,
            cfg = "exec",
        ),
        "runtime_libraries": attr.string_list(doc = "Names for `-l`, in link order."),
        "target": attr.string(
            doc = "clang's target triple.",
            mandatory = True,
        ),
        "_wheel_lib_marker": attr.label(
            default = "@zig//:ziglang/lib/compiler_rt.zig",
            allow_single_file = True,
        ),
    },
    provides = [CcToolchainConfigInfo],
)
