"""Runs a command in a network namespace with nothing but a loopback device.

Usage: without_network.py COMMAND ARGUMENT...

Bazel's client and server talk over loopback; a server that was started outside has the network.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_SET_INTERFACE_FLAGS = 0x8914  # SIOCSIFFLAGS, linux/sockios.h
_UP_AND_RUNNING = 0x41  # IFF_UP | IFF_RUNNING, linux/if.h


def command_without_network(command: Sequence[str], interpreter: str) -> list[str]:
    """What runs `command` in a namespace of its own; util-linux's unshare makes it.

    Other users become root of a user namespace, to start its loopback device.
    """
    namespaces = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
    return ["unshare", *namespaces, interpreter, str(Path(__file__).resolve()), *command]


def main(command: Sequence[str]) -> None:
    """Starts the loopback device, makes sure that there is no other, and becomes `command`."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        sys.exit(f"this is no empty network namespace: it has {', '.join(others)}")
    with socket.socket() as any_socket:
        request = struct.pack("16sH14s", b"lo", _UP_AND_RUNNING, b"")
        fcntl.ioctl(any_socket, _SET_INTERFACE_FLAGS, request)
    os.execvp(command[0], list(command))


if __name__ == "__main__":
    main(sys.argv[1:])
