"""What a test that runs programs on the simulator needs beside the harness."""

SIMULATOR_TEST_DATA = [
    Label("//platforms/simulator"),
    Label("//platforms/siracusa:soc.yaml"),
    Label("@zig//:ziglang/zig"),
]

SIMULATOR_TEST_ENVIRONMENT = {
    "TILEWRIGHT_SIMULATOR": "$(rootpath //platforms/simulator)",
    "TILEWRIGHT_SOC": "$(rootpath //platforms/siracusa:soc.yaml)",
    "TILEWRIGHT_ZIG": "$(rootpath @zig//:ziglang/zig)",
}
