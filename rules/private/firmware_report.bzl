"""Rules that run a tool on firmware and write a text and a JSON file."""

load("//rules:providers.bzl", "FirmwareInfo")

def report_rule(doc, tool, inputs):
    """Makes a rule.

    Args:
      doc: documentation of the rule.
      tool: label of an executable with the options --elf, --text and --json.
      inputs: function from FirmwareInfo to a dict from further options to lists of File.

    Returns:
      The rule.
    """

    def _impl(ctx):
        firmware = ctx.attr.firmware[FirmwareInfo]
        text = ctx.actions.declare_file(ctx.label.name + ".txt")
        json = ctx.actions.declare_file(ctx.label.name + ".json")
        arguments = ctx.actions.args()
        arguments.add("--elf", firmware.elf)
        files = [firmware.elf]
        for option, values in inputs(firmware).items():
            arguments.add_all(values, before_each = option)
            files.extend(values)
        arguments.add("--text", text)
        arguments.add("--json", json)
        ctx.actions.run(
            mnemonic = "TilewrightReport",
            progress_message = "Reporting %{label}",
            executable = ctx.executable._tool,
            arguments = [arguments],
            inputs = files,
            outputs = [text, json],
        )
        return [
            DefaultInfo(files = depset([text])),
            OutputGroupInfo(json = depset([json]), txt = depset([text])),
        ]

    return rule(
        implementation = _impl,
        doc = doc,
        attrs = {
            "firmware": attr.label(mandatory = True, providers = [FirmwareInfo]),
            "_tool": attr.label(default = Label(tool), cfg = "exec", executable = True),
        },
    )
