"""firmware: a program for one platform, with the networks it runs."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//rules/private:dotted_targets.bzl", "dotted_targets")
load("//rules/private:platform_transition.bzl", "platform_transition")
load("//rules/private:render.bzl", "RENDER_ATTRS", "render_template")
load(":providers.bzl", "FirmwareInfo", "NetworkInfo")

_SOC = "//toolchains/soc:toolchain_type"
_SIMULATOR = "//toolchains/simulator:toolchain_type"

def _firmware_impl(ctx):
    soc = ctx.toolchains[_SOC].soc
    simulator = ctx.toolchains[_SIMULATOR]
    cc_toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = cc_toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    libraries = [target[CcInfo] for target in ctx.attr.networks + ctx.attr.deps] + [soc.cc_info]
    networks = [target[NetworkInfo] for target in ctx.attr.networks]
    defines = ctx.attr.local_defines
    if len(networks) == 1:
        defines = defines + ["TILEWRIGHT_NETWORK={}_network".format(networks[0].name)]
    _, objects = cc_common.compile(
        name = ctx.label.name,
        actions = ctx.actions,
        cc_toolchain = cc_toolchain,
        compilation_contexts = [library.compilation_context for library in libraries],
        feature_configuration = features,
        local_defines = defines,
        srcs = ctx.files.srcs,
        user_compile_flags = ctx.attr.copts,
    )

    linker_map = ctx.actions.declare_file(ctx.label.name + ".map")
    link_flags = [
        # What tw_build_id() returns; other programs have none.
        "-Wl,--build-id=sha1",
        "-Wl,-Map=" + linker_map.path,
    ]
    linker_scripts = []
    if soc.linker_script:
        linker_script = ctx.actions.declare_file(ctx.label.name + ".ld")
        render_template(
            ctx,
            template = soc.linker_script,
            description = soc.description,
            output = linker_script,
            stack_size = ctx.attr.stack_size,
        )
        linker_scripts.append(linker_script)
        link_flags.append("-Wl,-T," + linker_script.path)
    linked = cc_common.link(
        name = ctx.label.name + ".elf",
        actions = ctx.actions,
        additional_inputs = linker_scripts,
        additional_outputs = [linker_map],
        cc_toolchain = cc_toolchain,
        compilation_outputs = objects,
        feature_configuration = features,
        linking_contexts = [library.linking_context for library in libraries],
        user_link_flags = link_flags,
    )
    elf = linked.executable

    disassembly = None
    if soc.linker_script:
        disassembly = ctx.actions.declare_file(ctx.label.name + ".disasm")
        arguments = ctx.actions.args()
        arguments.add("--elf", elf)
        arguments.add("--output", disassembly)
        ctx.actions.run(
            mnemonic = "TilewrightDisassemble",
            progress_message = "Disassembling %{input}",
            executable = ctx.executable._disassemble,
            arguments = [arguments],
            inputs = [elf],
            outputs = [disassembly],
        )

    return [
        DefaultInfo(files = depset([elf])),
        FirmwareInfo(
            disassembly = disassembly,
            elf = elf,
            map = linker_map,
            networks = networks,
            platform = ctx.attr.platform,
            simulator = simulator.simulator if simulator else None,
            soc = soc,
        ),
        OutputGroupInfo(
            disasm = depset([disassembly] if disassembly else []),
            elf = depset([elf]),
            linker_script = depset(linker_scripts),
            map = depset([linker_map]),
        ),
    ]

_firmware = rule(
    implementation = _firmware_impl,
    doc = "See the macro `firmware`.",
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "local_defines": attr.string_list(),
        "networks": attr.label_list(providers = [NetworkInfo, CcInfo]),
        "platform": attr.label(mandatory = True, providers = [platform_common.PlatformInfo]),
        "srcs": attr.label_list(allow_files = [".c", ".h", ".S"], mandatory = True),
        "stack_size": attr.int(),
        "_disassemble": attr.label(
            default = "//toolchains/riscv:disassemble",
            cfg = "exec",
            executable = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    } | RENDER_ATTRS,
    cfg = platform_transition,
    fragments = ["cpp"],
    provides = [FirmwareInfo],
    toolchains = use_cc_toolchain() + [
        _SOC,
        config_common.toolchain_type(_SIMULATOR, mandatory = False),
    ],
)

def firmware(name, platform, srcs, network = None, networks = [], deps = [], **kwargs):
    """A program for `platform`, linked with the SoC's start-up code and runtime.

    It is compiled with optimisation, whatever the build's own platform and mode. On the platform
    `host` it is a program of this machine.

    Outputs, each also an output group and a target `<name>.<group>`: `elf`, `map`, and on devices
    `disasm` and `linker_script`.

    Args:
      name: the target's name, and that of the files.
      platform: the platform, for example `@tilewright//platforms/qemu_rv32`.
      srcs: C and assembly files; one defines `int main(void)`.
      network: the network it runs, a `compiled_network`. In `srcs`, the macro TILEWRIGHT_NETWORK is
        the name of its descriptor (tilewright/network.h).
      networks: the networks, if there are several.
      deps: further C libraries.
      **kwargs: `copts`; `local_defines`; `stack_size` in bytes, by default that of soc.yaml; and attributes that
        all rules have.
    """
    _firmware(
        name = name,
        deps = deps,
        networks = networks + ([network] if network else []),
        platform = platform,
        srcs = srcs,
        **kwargs
    )
    dotted_targets(name, ["disasm", "elf", "linker_script", "map"], kwargs)
