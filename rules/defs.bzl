"""Tilewright's public rules."""

load(":firmware.bzl", _firmware = "firmware")
load(":simulator_test.bzl", _simulator_test = "simulator_test")

firmware = _firmware
simulator_test = _simulator_test
