"""soc_template: a file rendered with the facts of a soc.yaml."""

load("//rules/private:render.bzl", "RENDER_ATTRS", "render_template")

def _soc_template_impl(ctx):
    render_template(ctx, ctx.file.template, ctx.file.description, ctx.outputs.out)
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

soc_template = rule(
    implementation = _soc_template_impl,
    doc = "A file, for example a C header with addresses, rendered with a SoC's facts.",
    attrs = {
        "description": attr.label(
            doc = "soc.yaml.",
            allow_single_file = [".yaml"],
            mandatory = True,
        ),
        "out": attr.output(doc = "The rendered file.", mandatory = True),
        "template": attr.label(
            doc = "Jinja template; every key of soc.yaml is a variable.",
            allow_single_file = [".jinja"],
            mandatory = True,
        ),
    } | RENDER_ATTRS,
)
