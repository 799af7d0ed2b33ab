"""soc_platform: everything that makes a SoC a platform to build firmware for."""

load(":simulator.bzl", _simulator = "simulator")
load(":soc.bzl", "soc")

def soc_platform(
        name,
        description,
        linker_script,
        runtime,
        isa,
        simulator = None,
        simulator_statistics = False,
        cluster = False,
        accelerator = None,
        visibility = ["//visibility:public"]):
    """Defines a platform, its SoC and its simulator.

    The module registers the toolchains in its MODULE.bazel:
    `register_toolchains("//path/to/this/package:all")`.

    Args:
      name: the platform; a name that is free in this package.
      description: soc.yaml.
      linker_script: Jinja template of the linker script, see `soc`.
      runtime: library that defines tilewright/soc_interface.h and brings start-up code.
      isa: instruction set, a value of `@tilewright//platforms/constraints/isa`.
      simulator: program that runs firmware, see `simulator`; without one, firmware is only built.
      simulator_statistics: whether it takes `--stats FILE`, see `simulator`.
      cluster: whether networks run on the cluster of cores that `description` has, and not on the
        core that runs main().
      accelerator: what computes beside the cluster's cores, a value of
        `@tilewright//platforms/constraints/accelerator`; by default nothing does.
      visibility: who may build for the platform.
    """
    native.constraint_value(
        name = name + "_constraint",
        constraint_setting = Label("//platforms/constraints/soc:soc"),
        visibility = visibility,
    )
    constraints = [
        Label("@platforms//cpu:riscv32"),
        Label("@platforms//os:none"),
        isa,
        name + "_constraint",
    ]
    if accelerator:
        constraints.append(accelerator)
    native.platform(
        name = name,
        constraint_values = constraints,
        visibility = visibility,
    )
    soc(
        name = name + "_soc",
        accelerator = bool(accelerator),
        cluster = cluster,
        description = description,
        linker_script = linker_script,
        runtime = runtime,
        target_compatible_with = constraints,
        visibility = visibility,
    )
    native.toolchain(
        name = name + "_soc_toolchain",
        target_compatible_with = constraints,
        toolchain = name + "_soc",
        toolchain_type = Label("//toolchains/soc:toolchain_type"),
        visibility = visibility,
    )
    if simulator:
        _simulator(
            name = name + "_simulator",
            executable = simulator,
            statistics = simulator_statistics,
            visibility = visibility,
        )
        native.toolchain(
            name = name + "_simulator_toolchain",
            target_compatible_with = constraints,
            toolchain = name + "_simulator",
            toolchain_type = Label("//toolchains/simulator:toolchain_type"),
            visibility = visibility,
        )
