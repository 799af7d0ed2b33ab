"""Rules that run a tool on firmware and write a text file, a JSON file and perhaps a page."""

load("//rules:providers.bzl", "FirmwareInfo")

def report_rule(doc, tool, inputs, page = False):
    """Makes a rule.

    Args:
      doc: documentation of the rule.
      tool: label of an executable with the options --elf, --text and --json.
      inputs: function from FirmwareInfo to a dict from further options to lists of File.
      page: whether the executable also has the option --html.

    Returns:
      The rule.
    """

    def _impl(ctx):
        firmware = ctx.attr.firmware[FirmwareInfo]
        outputs = {
            option: ctx.actions.declare_file(ctx.label.name + suffix)
            for option, suffix in [("text", ".txt"), ("json", ".json")] + (
                [("html", ".html")] if page else []
            )
        }
        arguments = ctx.actions.args()
        arguments.add("--elf", firmware.elf)
        files = [firmware.elf]
        for option, values in inputs(firmware).items():
            arguments.add_all(values, before_each = option)
            files.extend(values)
        for option, file in outputs.items():
            arguments.add("--" + option, file)
        ctx.actions.run(
            mnemonic = "TilewrightReport",
            progress_message = "Reporting %{label}",
            executable = ctx.executable._tool,
            arguments = [arguments],
            inputs = files,
            outputs = outputs.values(),
        )
        groups = {option: depset([file]) for option, file in outputs.items()}
        groups["txt"] = groups.pop("text")
        return [
            DefaultInfo(files = groups["txt"]),
            OutputGroupInfo(**groups),
        ]

    return rule(
        implementation = _impl,
        doc = doc,
        attrs = {
            "firmware": attr.label(mandatory = True, providers = [FirmwareInfo]),
            "_tool": attr.label(default = Label(tool), cfg = "exec", executable = True),
        },
    )
