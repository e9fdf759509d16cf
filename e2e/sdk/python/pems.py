"""Certificates, keys and requests in PEM for the promises about certificates."""

from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def key():
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(private):
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _subject(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _names(hosts):
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])


def certificate(private, hosts, days=90, authority=False):
    """A self-signed certificate; `days` may be negative, then it has expired."""
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(hosts[0]))
        .issuer_name(_subject(hosts[0]))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(_names(hosts), critical=False)
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def request(private, hosts):
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(hosts[0])).add_extension(_names(hosts), False)
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
