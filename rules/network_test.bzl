"""network_test: one network on several platforms, bit for bit."""

load(":compiled_network.bzl", "compiled_network")
load(":firmware.bzl", "firmware")
load(":golden_data.bzl", "golden_data")
load(":simulator_test.bzl", "simulator_test")

PLATFORMS = {
    "host": Label("//platforms/host"),
    "qemu_rv32": Label("//platforms/qemu_rv32"),
    "siracusa": Label("//platforms/siracusa"),
    "siracusa_cluster_only": Label("//platforms/siracusa:cluster_only"),
    "siracusa_full": Label("//platforms/siracusa:full"),
}

def _platform_name(platform):
    """The last word of a platform's label."""
    return str(platform).replace(":", "/").rpartition("/")[2]

def _by_label(values):
    """The same dictionary with labels as keys, however the caller spells them."""
    return {native.package_relative_label(key): value for key, value in values.items()}

def network_test(
        name,
        model,
        platforms = PLATFORMS.values(),
        entry_points = {},
        dims = {},
        states = {},
        integer_io = [],
        input_types = {},
        inputs = None,
        seed = 0,
        steps = 2,
        reference_tolerance = None,
        max_cycles = {},
        max_instructions = {},
        stack_size = 0,
        dump_layers = False,
        size = "small",
        tags = [],
        **kwargs):
    """Compiles a model, runs it on simulators and compares all outputs with the expected bits.

    Defines `<name>_net` (a `compiled_network`), `<name>_golden` (`golden_data`) and, for each
    platform, `<name>_<platform>_fw` (`firmware`) and `<name>_<platform>` (`simulator_test`). The
    suite `<name>` is all tests.

    Args:
      name: the suite's name.
      model: `onnx_model` or `quantized_model`.
      platforms: labels of platforms; by default those that Tilewright brings.
      entry_points: see `compiled_network`.
      dims: see `compiled_network`.
      states: see `compiled_network`.
      integer_io: see `compiled_network`.
      input_types: see `compiled_network`.
      inputs: see `golden_data`.
      seed: see `golden_data`.
      steps: see `golden_data`.
      reference_tolerance: see `golden_data`.
      max_cycles: how many cycles a run of an entry point may take, by platform, for example
        `{"//board": 50000}`, where the simulator models time: host and QEMU do not.
      max_instructions: the same for instructions; the host counts none.
      stack_size: bytes; by default that of soc.yaml.
      dump_layers: whether to compare every layer, see `simulator_test`; for any network test,
        `bazel test --@tilewright//rules:dump_layers` does so.
      size: Bazel's size of the tests.
      tags: tags of the tests.
      **kwargs: attributes that all rules have.
    """
    compiled_network(
        name = name + "_net",
        dims = dims,
        entry_points = entry_points,
        input_types = input_types,
        integer_io = integer_io,
        model = model,
        states = states,
        **kwargs
    )
    golden_data(
        name = name + "_golden",
        inputs = inputs,
        network = name + "_net",
        reference_tolerance = reference_tolerance,
        seed = seed,
        steps = steps,
        **kwargs
    )
    platforms = [native.package_relative_label(platform) for platform in platforms]
    maximums = {
        "cycles": _by_label(max_cycles),
        "instructions": _by_label(max_instructions),
    }
    for unit, most in maximums.items():
        unknown = [platform for platform in most if platform not in platforms]
        if unknown:
            fail("{}: max_{} names {}, which are not in platforms".format(name, unit, unknown))
    tests = []
    for platform in platforms:
        test = "{}_{}".format(name, _platform_name(platform))
        firmware(
            name = test + "_fw",
            srcs = [
                Label("//firmware/apps/inference_check:sources"),
                name + "_golden.c",
            ],
            network = name + "_net",
            platform = platform,
            stack_size = stack_size,
            deps = [Label("//firmware/apps/inference_check:golden_header")],
            **kwargs
        )
        simulator_test(
            name = test,
            size = size,
            dump_layers = dump_layers,
            expected_text = ["PASS\n"],
            firmware = test + "_fw",
            golden = name + "_golden",
            maximums = {
                unit: str(most[platform])
                for unit, most in maximums.items()
                if platform in most
            },
            tags = tags,
            **kwargs
        )
        tests.append(test)
    native.test_suite(
        name = name,
        tags = ["manual"],
        tests = tests,
    )
