"""Certificates for tests of TLS, made on the spot."""

import subprocess

from harness import tls_context


class Certificates:
    """An authority, a server's certificate for 127.0.0.1 and clients' certificates, made by the openssl command."""

    def __init__(self, directory):
        self.directory = directory
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                 "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test authority")
        self.issue("server", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1")

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True, timeout=60)

    def issue(self, name, subject, extension="basicConstraints=CA:FALSE", days=2):
        """@param days until it ends; -1 = it ended yesterday"""
        (self.directory / f"{name}.ext").write_text(extension + "\n")
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr", "-subj", subject)
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                 f"{name}.crt", "-days", str(days), "-extfile", f"{name}.ext")

    def context(self, client=None):
        pair = (self.directory / f"{client}.crt", self.directory / f"{client}.key") if client else ()
        return tls_context(self.directory / "ca.crt", *pair)
