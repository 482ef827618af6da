"""Certificates and keys in the forms in which people keep them, and what is said of the others."""

import ssl

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as forms
from cryptography.x509 import load_pem_x509_certificate

from gradual_common.errors import TlsFileError
from gradual_common.net.certificates import open_key
from gradual_common.net.tls import Tls, identity_of, make_context

AUTHORITY = trustme.CA()
CA = AUTHORITY.cert_pem.bytes()
ISSUED = AUTHORITY.issue_cert("agent@example.org")
CERT, KEY = ISSUED.cert_chain_pems[0].bytes(), ISSUED.private_key_pem.bytes()
OTHER_KEY = AUTHORITY.issue_cert("other@example.org").private_key_pem.bytes()
PRIVATE = forms.load_pem_private_key(KEY, None)
COMMENT = "# Kiadó: Főtanúsítvány (Class Gold)\n".encode()


def written(encoding=forms.Encoding.PEM, form=forms.PrivateFormat.PKCS8, passphrase=None):
    encryption = forms.BestAvailableEncryption(passphrase.encode()) if passphrase else forms.NoEncryption()
    return PRIVATE.private_bytes(encoding, form, encryption)


def damaged(pem):
    """The same lines around something else."""
    first, *_, last = pem.splitlines()
    return b"\n".join((first, b"AAAA" * 16, last, b""))


def as_der(pem):
    return load_pem_x509_certificate(pem).public_bytes(forms.Encoding.DER)


@pytest.mark.parametrize(
    ("content", "count", "why"),
    [
        (CA, 1, "PEM"),
        (COMMENT + CA, 1, "a comment beyond ASCII"),
        (b"\xef\xbb\xbf" + CA, 1, "a byte order mark"),
        (b"\xff\xfe comment \x00" + CA + b"\xe9", 1, "bytes that are no text"),
        (CA.replace(b"\n", b"\r\n"), 1, "lines that end as on Windows"),
        (COMMENT + CA + COMMENT + CERT + COMMENT, 1, "a bundle with comments; of two one is an authority"),
        (CA + CA, 1, "the same twice"),
        (KEY + CA, 1, "a key beside it"),
        (CA.replace(b" CERT", b" X509 CERT"), 1, "an old name for it"),
        (as_der(CA), 1, "DER"),
    ],
)
def test_authorities_are_loaded(content, count, why):
    context = make_context(Tls(ca="ca"), {"ca": content})
    assert context.cert_store_stats()["x509_ca"] == count, why


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no certificate in PEM or DER"),
        (b"not a certificate", "no certificate in PEM or DER"),
        (KEY, "no certificate in PEM or DER"),
        (CA[:200], "no certificate in PEM or DER"),
        (damaged(CA), "a certificate in it cannot be read"),
        (CA + damaged(CA), "a certificate in it cannot be read"),
        (as_der(CA)[:-9], "a certificate in it cannot be read"),
        (CA.decode().encode("utf-16"), "no certificate in PEM or DER"),
    ],
)
def test_what_is_not_an_authority_is_reported(content, message):
    with pytest.raises(TlsFileError, match=message) as caught:
        make_context(Tls(ca="ca"), {"ca": content})
    assert caught.value.setting == "ca"


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [
        (CERT, KEY, "PEM"),
        (COMMENT + CERT, b"\xef\xbb\xbf" + KEY + COMMENT, "comments around them"),
        (CERT + CA, KEY, "a chain"),
        (CERT + KEY, None, "both in one file"),
        (KEY + COMMENT + CERT, None, "in the other order"),
        (as_der(CERT), KEY, "a certificate in DER"),
        (CERT, written(forms.Encoding.DER), "a key in DER"),
        (CERT, written(forms.Encoding.DER, forms.PrivateFormat.TraditionalOpenSSL), "in DER, as OpenSSL once wrote it"),
        (CERT, written(form=forms.PrivateFormat.TraditionalOpenSSL), "a key as OpenSSL once wrote it"),
    ],
)
def test_an_identity_is_loaded(certificate, key, why):
    assets = {"c": certificate, **({"k": key} if key else {})}
    assert make_context(Tls(verify=False, cert="c", key="k" if key else None), assets), why


@pytest.mark.parametrize(
    ("certificate", "key", "setting", "message"),
    [
        (CERT, OTHER_KEY, "key", "they do not belong together"),
        (b"x", KEY, "cert", "no certificate in PEM or DER"),
        (CERT, b"x", "key", "no private key in PEM or DER"),
        (CERT, None, "key", "no private key in PEM or DER"),
        (CERT, written(passphrase="open sesame"), "key", "the key is encrypted; add tls.passphrase"),
        (CERT, written(form=forms.PrivateFormat.TraditionalOpenSSL, passphrase="x"), "key", "the key is encrypted"),
        (CERT, written(forms.Encoding.DER, passphrase="x"), "key", "the key is encrypted"),
        (CERT, written(forms.Encoding.DER)[:-9], "key", "no private key that can be read"),
        (damaged(CERT), KEY, "cert", "certificate and key cannot be read"),
        (CERT, damaged(KEY), "cert", "certificate and key cannot be read"),
    ],
)
def test_a_wrong_identity_is_reported_and_no_passphrase_is_asked_for(certificate, key, setting, message):
    assets = {"c": certificate, **({"k": key} if key else {})}
    with pytest.raises(TlsFileError, match=message) as caught:
        make_context(Tls(verify=False, cert="c", key="k" if key else None), assets)
    assert caught.value.setting == setting


@pytest.mark.parametrize("encoding", [forms.Encoding.PEM, forms.Encoding.DER])
def test_a_passphrase_opens_a_key_and_harms_none_that_is_open(encoding):
    for key in (written(encoding), written(encoding, passphrase="ö sesame")):
        opened = open_key(key, "ö sesame")
        assert forms.load_pem_private_key(opened, None).private_numbers() == PRIVATE.private_numbers()
    with pytest.raises(TlsFileError, match="it does not open the key") as caught:
        open_key(written(encoding, passphrase="open sesame"), "open barley")
    assert caught.value.setting == "passphrase"


def test_a_context_checks_by_default_and_offers_http_1_only():
    checking, trusting = make_context(Tls(), {}), make_context(Tls(verify=False), {})
    assert (checking.verify_mode, checking.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (trusting.verify_mode, trusting.check_hostname) == (ssl.CERT_NONE, False)


def test_the_servers_name_makes_no_context_of_its_own():
    assert identity_of(Tls(server_name="a")) == identity_of(Tls(server_name="b")) != identity_of(Tls(verify=False))
