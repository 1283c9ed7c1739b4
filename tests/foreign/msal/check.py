#!/usr/bin/env python3
"""Signs in to the Graph simulator with Microsoft's own library, MSAL Python, and reads licences with the tokens.

    check.py --base https://127.0.0.1:PORT --ca ca.pem --dir DIR

DIR is what `graph-simulator --demo --dir DIR --tls-dir …` prepared. Needs msal, requests, pyjwt, cryptography.
Exit code 0: every check passed.
"""

import argparse
import datetime
import json
import pathlib
import re
import sys
import urllib.parse
import uuid

import jwt
import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

TIMEOUT_SECONDS = 20


class Http(requests.Session):
    """The HTTP client MSAL is given: trusts the simulator, ignores proxies, keeps the assertions that were sent."""

    def __init__(self, ca):
        super().__init__()
        self.verify = ca
        self.trust_env = False
        self.assertions = []

    def request(self, method, url, **options):
        options.setdefault("timeout", TIMEOUT_SECONDS)
        data = options.get("data")
        if isinstance(data, dict) and "client_assertion" in data:
            assertion = data["client_assertion"]
            self.assertions.append(assertion.decode() if isinstance(assertion, bytes) else assertion)
        return super().request(method, url, **options)


class Tenant:
    """A profile with its key, as Leitwarte reads them."""

    def __init__(self, directory, name):
        profile = json.loads((directory / "config-profiles" / f"config-{name}-profile.json").read_text())
        self.name = name
        self.id, self.client_id = profile["tenant_id"], profile["client_id"]
        self.thumbprint = profile["thumbprint"]
        pem = (directory / profile["cert_path"]).read_text()
        self.key, certificate = pem[: pem.index("-----BEGIN CERT")], pem[pem.index("-----BEGIN CERT") :]
        self.certificate = certificate

    def by_thumbprint(self):
        return {"private_key": self.key, "thumbprint": self.thumbprint}

    def by_certificate(self):
        return {"private_key": self.key, "public_certificate": self.certificate}


def new_certificate(not_before_days, not_after_days):
    """A fresh key and its self-signed certificate, valid between these days from now."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "msal check")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=not_before_days))
        .not_valid_after(now + datetime.timedelta(days=not_after_days))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    return (
        key.private_bytes(serialization.Encoding.PEM, pkcs8, plain).decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )


class Check:
    def __init__(self, base, ca, directory):
        self.base, self.ca, self.directory = base.rstrip("/"), ca, directory
        self.contoso = Tenant(directory, "contoso-school")
        self.fabrikam = Tenant(directory, "fabrikam")
        self.home = json.loads((directory / "config-profiles/auth/auth-demo-profile.json").read_text())
        self.failures = 0

    def report(self, what, good, found):
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {found}")

    def app(self, tenant_id, client_id, credential):
        """An MSAL application with its own connection and caches."""
        http = Http(self.ca)
        app = msal.ConfidentialClientApplication(
            client_id,
            authority=f"{self.base}/{tenant_id}",
            client_credential=credential,
            instance_discovery=False,
            http_client=http,
        )
        return app, http

    def sign_in(self, app):
        return app.acquire_token_for_client(scopes=[f"{self.base}/.default"])

    def refused(self, what, code, tenant_id, client_id, credential):
        app, _ = self.app(tenant_id, client_id, credential)
        answer = self.sign_in(app)
        codes = answer.get("error_codes")
        shaped = all(answer.get(name) for name in ("error", "error_description", "timestamp", "trace_id"))
        described = f"AADSTS{code}:" in answer.get("error_description", "")
        self.report(what, codes == [code] and shaped and described, f"{answer.get('error')} {codes}")

    def read_licences(self, token):
        answer = Http(self.ca).get(
            f"{self.base}/v1.0/subscribedSkus", headers={"Authorization": f"Bearer {token}", "client-request-id": "x"}
        )
        return answer.status_code, answer.json()

    def granted(self, what, credential, algorithm, thumbprint, chain):
        app, http = self.app(self.contoso.id, self.contoso.client_id, credential)
        answer = self.sign_in(app)
        if "access_token" not in answer:
            self.report(what, False, answer.get("error_description"))
            return
        header = jwt.get_unverified_header(http.assertions[0])
        as_expected = header["alg"] == algorithm and thumbprint in header and ("x5c" in header) == chain
        self.report(f"{what} is sent as {algorithm} with {thumbprint}", as_expected, sorted(header))
        self.report(f"{what} gets a token for 60 to 90 minutes", 3600 <= answer["expires_in"] <= 5400, answer["expires_in"])
        status, page = self.read_licences(answer["access_token"])
        parts = [sku["skuPartNumber"] for sku in page.get("value", [])]
        good = status == 200 and "M365EDU_A3_STUDENT" in parts
        self.report(f"{what}: licences can be read with it", good, f"{status}, {len(parts)} products")

        # MSAL sends one assertion for nine minutes; a second sign-in must not count as a replay.
        app.remove_tokens_for_client()
        again = self.sign_in(app)
        same = len(http.assertions) == 2 and http.assertions[0] == http.assertions[1]
        self.report(f"{what}: the same assertion works again", same and "access_token" in again, again.get("error"))

    def unknown_tenant(self):
        tenant = str(uuid.uuid4())
        try:
            self.app(tenant, self.contoso.client_id, self.contoso.by_thumbprint())
            self.report("an unknown tenant is refused at discovery", False, "accepted")
        except ValueError as error:
            reason = str(error.__context__)
            self.report("an unknown tenant is refused at discovery", "AADSTS90002" in reason, "AADSTS90002")
        answer = Http(self.ca).post(f"{self.base}/{tenant}/oauth2/v2.0/token", data={"client_id": "x"})
        codes = answer.json()["error_codes"]
        self.report("an unknown tenant is refused at the token endpoint", codes == [90002], codes)

    def expired_certificate(self):
        key, certificate = new_certificate(-30, -1)
        path = f"{self.base}/simulator/tenants/contoso-school/certificates"
        Http(self.ca).post(path, data=certificate).raise_for_status()
        credential = {"private_key": key, "public_certificate": certificate}
        self.refused("an expired certificate", 1000502, self.contoso.id, self.contoso.client_id, credential)

    def api_token(self):
        """A token for our own API stands up to PyJWT with the published keys."""
        http = Http(self.ca)
        token = http.get(f"{self.base}/demo/token", params={"role": "Manage"}).text
        discovery = http.get(f"{self.base}/{self.home['tenant_id']}/v2.0/.well-known/openid-configuration").json()
        keys = jwt.PyJWKSet.from_dict(http.get(discovery["jwks_uri"]).json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        required = ["exp", "nbf", "iat", "oid", "tid", "sub", "ver", "roles"]
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=self.home["client_id"],
            issuer=discovery["issuer"],
            options={"require": required},
        )
        good = claims["roles"] == ["Licences.Manage"] and claims["tid"] == self.home["tenant_id"]
        self.report("an API token is verified by its published key", good, claims["roles"])

    def people(self):
        """A person signs in with the code flow: PKCE, nonce and state are MSAL's own."""
        pem = (self.directory / self.home["cert_path"]).read_text()
        at = pem.index("-----BEGIN CERT")
        credential = {"private_key": pem[:at], "public_certificate": pem[at:]}
        redirect_uri = "http://localhost:8080/api/v1/auth/callback"

        def sign_in(person, change=None):
            app, _ = self.app(self.home["tenant_id"], self.home["client_id"], credential)
            flow = app.initiate_auth_code_flow([], redirect_uri=redirect_uri)
            http = Http(self.ca)
            page = http.get(flow["auth_uri"]).text
            form = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(flow["auth_uri"]).query))
            chosen = re.search(r'value="([0-9a-f-]{36})"><b>' + person, page).group(1)
            answer = http.post(flow["auth_uri"].split("?")[0], data={**form, "person": chosen}, allow_redirects=False)
            if "location" not in answer.headers:
                return {"error": answer.text}
            back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))
            if change:
                flow[change] = "x" * 43
            return app.acquire_token_by_auth_code_flow(flow, back)

        for person, roles in (("Demo none", None), ("Demo Read", ["Licences.Read"]), ("Demo Admin", ["Admin"])):
            claims = sign_in(person).get("id_token_claims", {})
            good = claims.get("roles") == roles and claims.get("name") == person
            self.report(f"{person} signs in", good, claims.get("roles"))
        answer = sign_in("Demo Read", change="code_verifier")
        self.report("a wrong PKCE verifier", answer.get("error") == "invalid_grant", answer.get("error_codes"))
        answer = sign_in("Demo Foreign")
        self.report("somebody of another tenant", "AADSTS50020" in answer.get("error", ""), "AADSTS50020")

    def run(self):
        contoso, fabrikam = self.contoso, self.fabrikam
        self.granted("a thumbprint", contoso.by_thumbprint(), "RS256", "x5t", chain=False)
        self.granted("a public certificate", contoso.by_certificate(), "PS256", "x5t#S256", chain=True)
        wrong_key, unregistered = new_certificate(-1, 30)
        forged = {"private_key": wrong_key, "thumbprint": contoso.thumbprint}
        self.refused("a wrong key under a registered thumbprint", 700027, contoso.id, contoso.client_id, forged)
        forged = {"private_key": wrong_key, "public_certificate": unregistered}
        self.refused("a certificate that is not registered", 700027, contoso.id, contoso.client_id, forged)
        self.refused("an unknown app", 700016, contoso.id, str(uuid.uuid4()), contoso.by_certificate())
        self.refused("an app of another tenant", 700016, fabrikam.id, contoso.client_id, contoso.by_certificate())
        self.expired_certificate()
        self.unknown_tenant()
        status, answer = self.read_licences("made-up")
        code = answer["error"]["code"]
        self.report("a made-up token", status == 401 and code == "InvalidAuthenticationToken", f"{status} {code}")
        self.api_token()
        self.people()
        return self.failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="address of the simulator, https")
    parser.add_argument("--ca", required=True, help="PEM file with the authority of its TLS certificate")
    parser.add_argument("--dir", required=True, type=pathlib.Path, help="folder the simulator prepared")
    arguments = parser.parse_args()
    print(f"MSAL Python {msal.__version__}")
    failures = Check(arguments.base, arguments.ca, arguments.dir).run()
    print("all checks passed" if failures == 0 else f"{failures} checks failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
