"""Sub-targets with a dot, one per output group."""

_INHERITED = ["tags", "target_compatible_with", "testonly", "visibility"]

def dotted_targets(name, groups, attributes):
    """Defines `<name>.<group>` for each group.

    Args:
      name: target that has the output groups.
      groups: names of output groups.
      attributes: attributes of the target; visibility and the like carry over.
    """
    inherited = {key: attributes[key] for key in _INHERITED if key in attributes}
    for group in groups:
        native.filegroup(
            name = "{}.{}".format(name, group),
            srcs = [name],
            output_group = group,
            **inherited
        )
