"""How attributes of a network become the compiler's options."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIRST = _LETTERS + _LETTERS.upper() + "_"
_ALLOWED = _FIRST + "0123456789"

def network_name(name):
    """The name that a target's network has in C.

    Args:
      name: the target's name.

    Returns:
      The name with `_` for every character that C does not allow.
    """
    characters = [
        name[i] if name[i] in _ALLOWED else "_"
        for i in range(len(name))
    ]
    return ("" if name[0] in _FIRST else "_") + "".join(characters)

def entry_point_options(entry_points, dims = {}):
    """The compiler's options for entry points.

    Args:
      entry_points: dict from entry point to a dict from dimension to extent, or to a string
        `dimension=extent,...`.
      dims: dict from dimension to extent, for dimensions that an entry point does not name.

    Returns:
      A list of string.
    """
    if dims and not entry_points:
        entry_points = {"": {}}
    return [
        "--entry-point={}:{}".format(
            name,
            ",".join([
                "{}={}".format(*item)
                for item in (dims | _dimensions(dimensions)).items()
            ]),
        )
        for name, dimensions in entry_points.items()
    ]

def _dimensions(dimensions):
    """The dict that `dimension=extent,...` stands for; a dict as it is."""
    if type(dimensions) != "string":
        return dimensions
    return {
        item.partition("=")[0]: item.partition("=")[2]
        for item in dimensions.split(",")
        if item
    }
