"""What is the same for both sides of TLS: versions, suites, and this node's certificate."""

import ssl

from dicom_node.secrets_file import locate_secret
from dicom_node.settings_network import Tls

PROFILE_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""Of TLS 1.2, by OpenSSL's names: those that RFC 9325 4.2 recommends (BCP 195; PS3.15 B.12). TLS 1.3 has its own."""


def limit_to_profile(context: ssl.SSLContext) -> None:
    """Version 1.2 with the profile's suites, or 1.3; no renegotiation, no compression (RFC 9325 3.3, 3.5)."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(PROFILE_SUITES))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def load_identity(context: ssl.SSLContext, tls: Tls) -> None:
    """This node's certificate chain and private key. Raises OSError (ssl.SSLError is one) where they cannot be used."""
    context.load_cert_chain(tls.certificate, locate_secret(tls.key))
