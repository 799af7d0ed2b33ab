"""Certificates for a cache on this machine: an authority, a server and clients, by openssl."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

INSTALL = "apt-get install openssl"

_DAYS = "2"

# In place of the machine's, so that no default of a distribution takes part.
_CONFIGURATION = """\
[req]
distinguished_name = subject
x509_extensions = authority
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
"""
_EXTENSIONS = """\
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key (PKCS #8, the form that Bazel reads)."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        """Makes the authority's own certificate."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._configuration = folder / "openssl.conf"
        self._configuration.write_text(_CONFIGURATION)
        self.identity = self._identity("authority")
        self._openssl(
            *("req", "-x509", "-config", self._configuration, "-subj", "/CN=authority of a test"),
            *("-days", _DAYS, "-key", self.identity.key, "-out", self.identity.certificate),
        )

    def issue(self, name: str, alternative_name: str = "") -> Identity:
        """A certificate for the common name `name`, signed by the authority.

        A server needs `alternative_name`, such as `IP:127.0.0.1`.
        """
        identity = self._identity(name)
        request = self._folder / f"{name}.request"
        extensions = self._folder / f"{name}.extensions"
        names = f"subjectAltName = {alternative_name}\n" if alternative_name else ""
        extensions.write_text(_EXTENSIONS + names)
        self._openssl(
            *("req", "-new", "-config", self._configuration, "-subj", f"/CN={name}"),
            *("-key", identity.key, "-out", request),
        )
        self._openssl(
            *("x509", "-req", "-in", request, "-days", _DAYS, "-extfile", extensions),
            *("-CA", self.identity.certificate, "-CAkey", self.identity.key),
            *("-out", identity.certificate),
        )
        return identity

    def _identity(self, name: str) -> Identity:
        identity = Identity(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        self._openssl("genpkey", "-algorithm", "RSA", "-out", identity.key)
        return identity

    def _openssl(self, *arguments: str | Path) -> None:
        program = shutil.which("openssl")
        assert program is not None, f"openssl is not installed; run: {INSTALL}"
        result = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"openssl {arguments[0]}: {result.stdout}"
