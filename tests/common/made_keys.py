"""Keys for tokens; one of each kind for the whole run of the tests."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, rsa

UNLOCKED = forms.NoEncryption()


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, lock: forms.KeySerializationEncryption = UNLOCKED) -> str:
    """The private key in PEM."""
    return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, lock).decode()


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """The public key in PEM."""
    return key.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo).decode()
