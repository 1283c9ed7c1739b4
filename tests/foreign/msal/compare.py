#!/usr/bin/env python3
"""Compares client assertions of Leitwarte's Graph client with MSAL Python's for the same key, field by field.

    compare.py --ours ASSERTION_OR_FILE [--ours ANOTHER] --pem KEY_AND_CERTIFICATE.pem --token-url URL --client-id GUID

MSAL's assertion is taken from the request it would send to the token endpoint; nothing goes over the network. Its
credential fits the algorithm of ours: PS256 a public certificate, RS256 a thumbprint. Give two of ours to check that
`jti` differs. Needs msal, pyjwt, cryptography. Exit code 0: nothing differs that may not.
"""

import argparse
import json
import pathlib
import sys
import time
import urllib.parse
import uuid

import jwt
import msal
from cryptography import x509
from cryptography.hazmat.primitives import hashes

LONGEST_LIFE_SECONDS = 600
# How old an assertion may be when it is compared, and how far its start may lie ahead.
SKEW_SECONDS = 300


class Answer:
    """An HTTP answer as MSAL reads it."""

    def __init__(self, status, body):
        self.status_code, self.text, self.headers = status, json.dumps(body), {}

    def raise_for_status(self):
        if self.status_code >= 400:
            raise RuntimeError(f"status {self.status_code}")


class NoNetwork:
    """An HTTP client that knows one tenant and keeps what is sent to its token endpoint."""

    def __init__(self, token_url):
        self.token_url, self.assertion = token_url, None

    def get(self, url, **_):
        authorize = self.token_url.removesuffix("token") + "authorize"
        return Answer(200, {"authorization_endpoint": authorize, "token_endpoint": self.token_url})

    def post(self, url, data=None, **_):
        assertion = data["client_assertion"]
        self.assertion = assertion.decode() if isinstance(assertion, bytes) else assertion
        return Answer(400, {"error": "invalid_request", "error_description": "taken"})

    def close(self):
        pass


def assertion_of_msal(algorithm, pem, token_url, client_id):
    start = pem.index("-----BEGIN CERTIFICATE-----")
    key, certificate = pem[:start], pem[start:]
    if algorithm == "PS256":
        credential = {"private_key": key, "public_certificate": certificate}
    else:
        digest = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA1())
        credential = {"private_key": key, "thumbprint": digest.hex()}
    http = NoNetwork(token_url)
    url = urllib.parse.urlsplit(token_url)
    app = msal.ConfidentialClientApplication(
        client_id,
        authority=f"{url.scheme}://{url.netloc}/{url.path.split('/')[1]}",
        client_credential=credential,
        instance_discovery=False,
        http_client=http,
    )
    app.acquire_token_for_client(scopes=["https://graph.microsoft.com/.default"])
    return http.assertion


def parts(assertion):
    claims = jwt.decode(assertion, options={"verify_signature": False})
    return jwt.get_unverified_header(assertion), claims


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_guid(text):
    try:
        return str(uuid.UUID(text)) == text.lower()
    except (ValueError, TypeError, AttributeError):
        return False


class Comparison:
    def __init__(self, ours, msals, certificate, expected):
        self.ours, self.msals = ours, msals
        self.certificate, self.expected = certificate, expected
        self.rows = []

    def row(self, field, ours, msals, good, note=""):
        self.rows.append((field, ours, msals, good, note))

    def equal(self, where, field, ours, msals):
        self.row(f"{where} {field}", ours.get(field), msals.get(field), ours.get(field) == msals.get(field))

    def header(self):
        (ours, _), (msals, _) = self.ours, self.msals
        self.equal("header", "alg", ours, msals)
        self.equal("header", "typ", ours, msals)
        thumbprint = "x5t#S256" if ours.get("alg") == "PS256" else "x5t"
        mine, its = ours.get(thumbprint), msals.get(thumbprint)
        good = bool(mine) and bool(its) and mine.rstrip("=") == its.rstrip("=")
        self.row(f"header {thumbprint}", mine, its, good, "up to padding")
        self.row("header x5c", "x5c" in ours, "x5c" in msals, "x5c" in msals or "x5c" not in ours, "optional")
        extra = sorted(set(ours) - {"alg", "typ", thumbprint, "x5c"})
        self.row("header, more fields", extra, sorted(set(msals) - {"alg", "typ", thumbprint, "x5c"}), not extra)

    def claims(self):
        (_, ours), (_, msals) = self.ours, self.msals
        for field in ("aud", "iss", "sub"):
            good = ours.get(field) == msals.get(field) == self.expected[field]
            self.row(f"claim {field}", ours.get(field), msals.get(field), good)
        mine, its = ours.get("jti"), msals.get("jti")
        self.row("claim jti", mine, its, is_guid(mine) and mine != its, "a GUID, never the same")
        now = time.time()
        for field in ("iat", "nbf"):
            value = ours.get(field)
            missing = value is None and field == "nbf"
            good = missing or (is_number(value) and abs(now - value) <= SKEW_SECONDS)
            self.row(f"claim {field}", value, msals.get(field), good, "now; MSAL sends no nbf" if field == "nbf" else "now")
        life = self.life(ours)
        good = life is not None and 0 < life <= LONGEST_LIFE_SECONDS
        self.row("claim exp, life in s", life, self.life(msals), good, f"at most {LONGEST_LIFE_SECONDS}")
        known = {"aud", "iss", "sub", "jti", "iat", "nbf", "exp"}
        extra = sorted(set(ours) - known)
        self.row("claims, more", extra, sorted(set(msals) - known), not extra)

    @staticmethod
    def life(claims):
        starts = [claims[name] for name in ("nbf", "iat") if is_number(claims.get(name))]
        if not starts or not is_number(claims.get("exp")):
            return None
        return round(claims["exp"] - min(starts), 3)

    def signature(self, ours, msals):
        def verified(assertion):
            options = {"verify_aud": False}
            try:
                key = self.certificate.public_key()
                jwt.decode(assertion, key, algorithms=["PS256", "RS256"], options=options, leeway=SKEW_SECONDS)
                return True
            except jwt.PyJWTError as error:
                return str(error)

        mine, its = verified(ours), verified(msals)
        self.row("signature", mine, its, mine is True and its is True, "by the certificate's key")

    def unique(self, assertions):
        ids = [parts(assertion)[1].get("jti") for assertion in assertions]
        self.row("jti of all of ours", len(set(ids)), len(ids), len(set(ids)) == len(ids), "different | given")

    def show(self):
        def short(value):
            text = "–" if value is None else str(value)
            return text if len(text) <= 44 else text[:20] + "…" + text[-23:]

        print(f"{'':4} {'field':22} {'ours':44} {'MSAL':44} rule")
        for field, ours, msals, good, note in self.rows:
            print(f"{'ok' if good else 'FAIL':4} {field:22} {short(ours):44} {short(msals):44} {note}")
        return sum(not good for _, _, _, good, _ in self.rows)


def read(assertion_or_file):
    if assertion_or_file.count(".") == 2 and assertion_or_file.startswith("ey"):
        return assertion_or_file
    return pathlib.Path(assertion_or_file).read_text().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", action="append", required=True, help="an assertion, or a file with one; repeatable")
    parser.add_argument("--pem", required=True, type=pathlib.Path, help="private key, then certificate")
    parser.add_argument("--token-url", required=True, help="https://…/TENANT/oauth2/v2.0/token")
    parser.add_argument("--client-id", required=True)
    arguments = parser.parse_args()
    if not arguments.token_url.startswith("https://"):
        parser.error("--token-url: MSAL takes only https")
    try:
        pem = arguments.pem.read_text()
        assertions = [read(assertion) for assertion in arguments.ours]
    except OSError as error:
        parser.error(str(error))
    ours = assertions[0]
    try:
        header, claims = parts(ours)
    except jwt.PyJWTError as error:
        print(f"FAIL our assertion cannot be read: {error}")
        return 1
    msals = assertion_of_msal(header.get("alg"), pem, arguments.token_url, arguments.client_id)
    certificate = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE-----") :].encode())
    expected = {"aud": arguments.token_url, "iss": arguments.client_id, "sub": arguments.client_id}
    comparison = Comparison((header, claims), parts(msals), certificate, expected)
    comparison.header()
    comparison.claims()
    comparison.signature(ours, msals)
    comparison.unique(assertions)
    failures = comparison.show()
    print("no difference that matters" if failures == 0 else f"{failures} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
