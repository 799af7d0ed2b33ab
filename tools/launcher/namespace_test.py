"""The environment in the root. (The root itself is tried by every build on a closed network.)"""

from __future__ import annotations

from tools.launcher import namespace


def test_variables_of_the_machines_system_stay_outside() -> None:
    inside = namespace.environment(
        {
            "HOME": "/home/user",
            "PATH": "/opt/tools/bin",
            "LD_LIBRARY_PATH": "/opt/lib",
            "PYTHONPATH": "/opt/python",
            "JAVA_HOME": "/opt/java",
            "CC": "clang",
            "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
            "TILEWRIGHT_PACKAGES": "debug",
        }
    )
    assert inside == {
        "HOME": "/home/user",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
        "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt",
        "TILEWRIGHT_PACKAGES": "debug",
    }
