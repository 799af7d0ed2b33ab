"""firmware_sbom: the bill of materials of a program."""

load("//rules/private:dotted_targets.bzl", "dotted_targets")
load(":providers.bzl", "FirmwareInfo")

# Where Tilewright lies: "" in its own workspace, `external/...` in others.
_REPOSITORY = Label("//rules:defs.bzl").workspace_root

def _firmware_sbom_impl(ctx):
    firmware = ctx.attr.firmware[FirmwareInfo]
    json = ctx.actions.declare_file(ctx.label.name + ".cdx.json")
    licenses = {
        network.name: network.model.license
        for network in firmware.networks
        if network.model.license
    } | ctx.attr.component_licenses
    arguments = ctx.actions.args()
    arguments.add("--name", ctx.attr.firmware.label.name)
    arguments.add("--platform", firmware.soc.name)
    arguments.add("--elf", firmware.elf)
    arguments.add("--map", firmware.map)
    for network in firmware.networks:
        arguments.add("--model", network.model.onnx, format = network.name + "=%s")
    for component, license in licenses.items():
        arguments.add("--license", "{}={}".format(component, license))
    arguments.add("--repository", _REPOSITORY)
    arguments.add("--module", ctx.file._module)
    arguments.add("--downloads", ctx.file._downloads)
    arguments.add("--output", json)
    ctx.actions.run(
        mnemonic = "TilewrightSbom",
        progress_message = "Listing the parts of %{label}",
        executable = ctx.executable._tool,
        arguments = [arguments],
        inputs = [firmware.elf, firmware.map, ctx.file._module, ctx.file._downloads] +
                 [network.model.onnx for network in firmware.networks],
        outputs = [json],
    )
    return [
        DefaultInfo(files = depset([json])),
        OutputGroupInfo(json = depset([json])),
    ]

_firmware_sbom = rule(
    implementation = _firmware_sbom_impl,
    doc = "See the macro `firmware_sbom`.",
    attrs = {
        "firmware": attr.label(mandatory = True, providers = [FirmwareInfo]),
        "component_licenses": attr.string_dict(),
        "_downloads": attr.label(
            default = "//tools/supply_chain:downloads.json",
            allow_single_file = True,
        ),
        "_module": attr.label(default = "//:MODULE.bazel", allow_single_file = True),
        "_tool": attr.label(
            default = "//tools/supply_chain:firmware_sbom",
            cfg = "exec",
            executable = True,
        ),
    },
)

def firmware_sbom(name, firmware, component_licenses = {}, **kwargs):
    """The bill of materials of a program, as CycloneDX 1.6.

    It names the program by digest and build id, the models of its networks by digest, every kernel
    and every part of the runtime that the linker took, the compiler's support library, the
    toolchain, and their licences. Equal programs have equal bills.

    Outputs `<name>.cdx.json`, also as the output group and target `<name>.json`.

    Args:
      name: the target's name.
      firmware: `firmware`.
      component_licenses: SPDX expressions by component, for what the build cannot know: `application` (the
        firmware's own sources), `tilewright`, and networks whose `onnx_model` states none.
      **kwargs: attributes that all rules have.
    """
    _firmware_sbom(name = name, firmware = firmware, component_licenses = component_licenses, **kwargs)
    dotted_targets(name, ["json"], kwargs)
