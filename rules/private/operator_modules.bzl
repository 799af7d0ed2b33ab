"""The modules of a model's operators, and how programs get them."""

_OPTION = "--operators"

def operator_modules(model):
    """The Python files of the operators that a model has beside Tilewright's.

    Args:
      model: ModelInfo.

    Returns:
      A list of File.
    """
    return [module for operators in model.operators for module in operators.modules]

def operator_options(modules):
    """Options for any program that reads models.

    Args:
      modules: list of File, or of their paths.

    Returns:
      A list of the same kind, with strings between.
    """
    return [word for module in modules for word in [_OPTION, module]]
