"""How firmware is run on its simulator."""

def simulator_command(firmware, arguments, label):
    """The command that runs firmware, with paths relative to the runfiles of the main repository.

    Args:
      firmware: FirmwareInfo.
      arguments: File with run-time input, or None.
      label: Label of the target that runs it, for messages.

    Returns:
      A struct of `words`, a list of string; `files`, a list of File that the words name; and
      `runfiles` of the simulator.
    """
    simulator = firmware.simulator
    if not simulator:
        fail("{}: platform {} has no simulator: register a toolchain of type {}".format(
            label,
            firmware.platform.label,
            "@tilewright//toolchains/simulator:toolchain_type",
        ))
    words = [
        simulator.executable.executable.short_path,
        "--elf",
        firmware.elf.short_path,
        "--soc",
        firmware.soc.description.short_path,
    ]
    files = [firmware.elf, firmware.soc.description]
    if arguments:
        words += ["--arguments", arguments.short_path]
        files.append(arguments)
    return struct(words = words, files = files, runfiles = simulator.runfiles)
