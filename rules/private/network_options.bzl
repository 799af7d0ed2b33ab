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

def entry_point_options(entry_points):
    """The compiler's options for entry points.

    Args:
      entry_points: dict from entry point to a dict from dimension to extent, or to a string
        `dimension=extent,...`.

    Returns:
      A list of string.
    """
    return [
        "--entry-point={}:{}".format(
            name,
            dimensions if type(dimensions) == "string" else ",".join([
                "{}={}".format(*item)
                for item in dimensions.items()
            ]),
        )
        for name, dimensions in entry_points.items()
    ]
