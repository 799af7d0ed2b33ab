"""host_runtime: musl, libc++, libc++abi, libunwind and compiler-rt as static archives."""

# In link order. lld resolves archives in any order; other linkers would not.
_ARCHIVES = [
    "libc++.a",
    "libc++abi.a",
    "libunwind.a",
    "libc.a",
    "libzigc.a",
    "libcompiler_rt.a",
]

# musl keeps these in libc; build files that name them still link.
_EMPTY_ARCHIVES = [
    "libdl.a",
    "libm.a",
    "libpthread.a",
    "librt.a",
]

_TARGET = "x86_64-linux-musl"

# zig has no command that builds its libraries alone: it builds them, from their sources, the first
# time that it links a program, and keeps them in its cache. So the script links one and collects
# them. Members' names hold hashes of paths; they are archived anew under their base names (`q`,
# because musl has several objects of one name).
_COMMAND = """
set -eu
zig="$1" lib="$2" program="$3" crt1="$4" archives="$5"
cache="$archives.cache"
trap 'rm -rf "$cache"' EXIT
mkdir -p "$cache" "$archives"
export ZIG_GLOBAL_CACHE_DIR="$cache" ZIG_LOCAL_CACHE_DIR="$cache"

"$zig" build-exe "$program" -lc++ -target {target} -mcpu=x86_64 -OReleaseFast -fstrip \
    --zig-lib-dir "$lib" -femit-bin="$cache/program"

for name in {names}; do
    built="$(find "$cache/o" -name "$name")"
    "$zig" ar t "$built" | xargs "$zig" ar qcsD "$archives/$name"
done

for name in {empty_names}; do
    "$zig" ar qcsD "$archives/$name"
done

musl="$lib/libc/musl"
"$zig" clang --target=x86_64-unknown-linux-musl -c "$musl/crt/crt1.c" -o "$crt1" \
    -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables \
    -nostdinc -isystem "$lib/include" \
    -I "$musl/arch/x86_64" -I "$musl/arch/generic" -I "$musl/src/include" \
    -I "$musl/src/internal" -I "$musl/include" \
    -isystem "$lib/libc/include/x86_64-linux-musl" -isystem "$lib/libc/include/generic-musl"
"""

def _host_runtime_impl(ctx):
    crt1 = ctx.actions.declare_file(ctx.label.name + "/crt1.o")
    archives = [
        ctx.actions.declare_file(ctx.label.name + "/" + name)
        for name in _ARCHIVES + _EMPTY_ARCHIVES
    ]
    program = ctx.actions.declare_file(ctx.label.name + "/program.cc")
    ctx.actions.write(program, "#include <iostream>\nint main() { std::cout << 0; }\n")
    ctx.actions.run_shell(
        outputs = [crt1] + archives,
        inputs = depset([program], transitive = [
            depset(ctx.files._compiler_rt_sources),
            depset(ctx.files._headers),
            depset(ctx.files._runtime_sources),
        ]),
        tools = [ctx.file._zig],
        command = _COMMAND.format(
            empty_names = " ".join(_EMPTY_ARCHIVES),
            names = " ".join(_ARCHIVES),
            target = _TARGET,
        ),
        arguments = [
            ctx.file._zig.path,
            ctx.file._compiler_rt.dirname,
            program.path,
            crt1.path,
            crt1.dirname,
        ],
        execution_requirements = {"cpu:2": ""},
        mnemonic = "HostRuntime",
        progress_message = "Building the host's C and C++ libraries (about a minute)",
    )
    return [DefaultInfo(files = depset([crt1] + archives))]

host_runtime = rule(
    implementation = _host_runtime_impl,
    doc = "Builds `crt1.o` and the archives that every static host program is linked with.",
    attrs = {
        "_compiler_rt": attr.label(
            default = "@zig//:ziglang/lib/compiler_rt.zig",
            allow_single_file = True,
        ),
        "_compiler_rt_sources": attr.label(default = "@zig//:compiler_rt_sources"),
        "_headers": attr.label(default = "@zig//:host_headers"),
        "_runtime_sources": attr.label(default = "@zig//:host_runtime_sources"),
        "_zig": attr.label(
            default = "@zig//:ziglang/zig",
            allow_single_file = True,
        ),
    },
)
