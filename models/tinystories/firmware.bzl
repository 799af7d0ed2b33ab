"""tinystories_firmware: the model in firmware for one platform, and its tests there."""

load("//rules:defs.bzl", "firmware", "simulator_test")

def tinystories_firmware(name, network, platform, golden, max_cycles = {}):
    """The model in firmware for one platform, and its tests there.

    `<name>` writes stories, `<name>_evaluate` scores texts, `<name>_benchmark` measures cycles. The
    tests: greedy text equals the NumPy interpreter's, every kind of prompt is handled, and what the
    benchmark measures is within `max_cycles`.

    Args:
      name: the target's name.
      network: the `compiled_network`.
      platform: the platform.
      golden: (prompt, number of tokens) by file that holds the greedy continuation, one token a
        line.
      max_cycles: most cycles by what //firmware/apps/language_model:benchmark.c measures, for
        example `{"decode at 64": 300000}`; empty where the simulator models no time.
    """
    for suffix, main in [
        ("", "generate"),
        ("_benchmark", "benchmark"),
        ("_evaluate", "evaluate"),
    ]:
        firmware(
            name = name + suffix,
            srcs = [Label("//firmware/apps/language_model:{}.c".format(main))],
            copts = ["-DTILEWRIGHT_NETWORK={}_network".format(Label(network).name)],
            network = network,
            platform = platform,
            visibility = ["//visibility:public"],
            deps = [
                ":vocabulary",
                Label("//firmware/apps/language_model"),
            ],
        )

    for index, (expected, (prompt, tokens)) in enumerate(golden.items()):
        simulator_test(
            name = "{}_greedy_{}_test".format(name, index),
            size = "medium",
            arguments = "tokens={}\noutput=tokens\n\n{}".format(tokens, prompt),
            expected_output = expected,
            firmware = name,
        )

    if max_cycles:
        simulator_test(
            name = name + "_cycles_test",
            size = "medium",
            firmware = name + "_benchmark",
            maximums = {
                "cycles in " + region: str(cycles)
                for region, cycles in max_cycles.items()
            },
        )

    requests = {
        "bad_option": struct(text = "tokens=many\n\nOnce", code = 2, says = ["error: tokens is not a whole number"]),
        "empty_prompt": struct(text = "tokens=5\n\n", code = 0, says = ["[prompt: 0 tokens", "generated: 5 tokens"]),
        "no_arguments": struct(text = "", code = 0, says = ["[prompt: 0 tokens"]),
        "over_long_prompt": struct(
            text = "tokens=5\n\n" + "zq" * 200,
            code = 2,
            says = ["error: the prompt has 400 tokens; the model's context holds 254"],
        ),
        "sampled": struct(
            text = "tokens=40\ntemperature=0.8\ntop_p=0.9\nseed=3\n\nOne day",
            code = 0,
            says = ["One day", "generated: "],
        ),
        "unicode_prompt": struct(
            text = "tokens=5\n\nLe café 🐉 était",
            code = 0,
            says = ["Le café 🐉 était", "generated: 5 tokens"],
        ),
    }
    for kind, request in requests.items():
        simulator_test(
            name = "{}_{}_test".format(name, kind),
            size = "medium",
            arguments = request.text,
            expected_exit_code = request.code,
            expected_text = request.says,
            firmware = name,
        )

    # Bytes that are no UTF-8 have tokens too.
    simulator_test(
        name = name + "_malformed_prompt_test",
        size = "medium",
        arguments_file = ":malformed_prompt",
        expected_text = [
            "[prompt: 5 tokens",
            "generated: 3 tokens",
        ],
        firmware = name,
    )
