"""The action that renders a Jinja template with a soc.yaml."""

RENDER_ATTRS = {
    "_render_template": attr.label(
        default = "//toolchains/soc:render_template",
        cfg = "exec",
        executable = True,
    ),
}

def render_template(ctx, template, description, output, stack_size = 0):
    """Declares the action.

    Args:
      ctx: context of a rule with RENDER_ATTRS.
      template: File, Jinja template.
      description: File, soc.yaml.
      output: File to write.
      stack_size: bytes; 0 for the SoC's default.
    """
    arguments = ctx.actions.args()
    arguments.add("--template", template)
    arguments.add("--soc", description)
    if stack_size:
        arguments.add("--stack-size", stack_size)
    arguments.add("--output", output)
    ctx.actions.run(
        mnemonic = "TilewrightRender",
        progress_message = "Rendering %{output}",
        executable = ctx.executable._render_template,
        arguments = [arguments],
        inputs = [template, description],
        outputs = [output],
    )
