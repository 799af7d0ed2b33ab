"""cluster_profile: a network's profile and memory on a cluster, and a test of the cycle model."""

load("//rules:defs.bzl", "memory_report", "profile_report")
load("//tools/python:pytest_test.bzl", "pytest_test")

_PREDICTION_TEST = Label("//tools/profile:prediction_test.py")

def cluster_profile(name, firmware, **kwargs):
    """Defines `<name>_profile` (`profile_report`), `<name>_prediction_test` and a `memory_report`.

    The last is `<name>_cluster_memory`.

    Args:
      name: the network's name.
      firmware: `firmware` that runs it on a cluster.
      **kwargs: attributes of the `profile_report`.
    """
    profile_report(
        name = name + "_profile",
        firmware = firmware,
        **kwargs
    )
    memory_report(
        name = name + "_cluster_memory",
        firmware = firmware,
    )
    pytest_test(
        name = name + "_prediction_test",
        srcs = [_PREDICTION_TEST],
        data = [name + "_profile.json"],
        env = {"PROFILE": "$(rootpath {}_profile.json)".format(name)},
    )
