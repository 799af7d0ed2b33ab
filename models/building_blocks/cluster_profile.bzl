"""cluster_profile: a network's profile on a cluster, and a test of the compiler's cycle model."""

load("//rules:defs.bzl", "profile_report")
load("//tools/python:pytest_test.bzl", "pytest_test")

_PREDICTION_TEST = Label("//tools/profile:prediction_test.py")

def cluster_profile(name, firmware, **kwargs):
    """Defines `<name>_profile` (`profile_report`) and `<name>_prediction_test`.

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
    pytest_test(
        name = name + "_prediction_test",
        srcs = [_PREDICTION_TEST],
        data = [name + "_profile.json"],
        env = {"PROFILE": "$(rootpath {}_profile.json)".format(name)},
    )
