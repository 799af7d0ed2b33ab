"""What the suites of the remote cache build."""

from __future__ import annotations

# One network: quantised, compiled, linked for RV32; its outputs on the host compared with the
# reference. Every kind of action that firmware needs is among these.
FIRMWARE = "//models/digits:digits_plain_int8_test_qemu_rv32_fw"
HOST_TEST = "//models/digits:digits_plain_int8_test_host"

# The network's C code as a library: few actions, for what concerns every one of them alike.
LIBRARY = "//models/digits:digits_plain_int8_test_net"
