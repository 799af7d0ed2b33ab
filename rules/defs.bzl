"""Tilewright's public rules."""

load(":firmware.bzl", _firmware = "firmware")
load(":simulator_run.bzl", _simulator_run = "simulator_run")
load(":simulator_test.bzl", _simulator_test = "simulator_test")

firmware = _firmware
simulator_run = _simulator_run
simulator_test = _simulator_test
