#!/usr/bin/env python3
"""An OpenID Connect provider made with Authlib, which knows nothing of Entra but the names of a few claims.

    provider.py --tenant GUID --client-id GUID --client-secret WORD --redirect-uri URL

Prints `ready PORT` when it listens on 127.0.0.1, then serves until it is stopped. Everybody who comes to its
authorization endpoint is signed in as the one person it has. Needs authlib and flask.
"""

import argparse
import os

# It speaks plain http on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

PERSON = "5a1f0e36-6a0e-4c58-9d0b-5e1f6d3a9c10"


class Client(ClientMixin):
    def __init__(self, client_id, secret, redirect_uri):
        self.client_id, self.secret, self.redirect_uri = client_id, secret, redirect_uri

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.redirect_uri

    def get_allowed_scope(self, scope):
        return " ".join(word for word in scope.split() if word in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_post"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):
    def __init__(self, code, request):
        self.code = code
        data = request.payload.data
        self.redirect_uri = request.payload.redirect_uri
        self.scope = request.payload.scope
        self.nonce = data.get("nonce")
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return None

    def get_acr(self):
        return None

    def get_amr(self):
        return None


def serve(arguments):
    app = Flask("provider")
    client = Client(arguments.client_id, arguments.client_secret, arguments.redirect_uri)
    key = RSAKey.generate_key(2048, parameters={"kid": "authlib-1", "use": "sig", "alg": "RS256"})
    codes = {}
    places = {}

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]

        def save_authorization_code(self, code, request):
            codes[code] = Code(code, request)

        def query_authorization_code(self, code, client):
            return codes.get(code)

        def delete_authorization_code(self, authorization_code):
            codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code):
            return PERSON

    class Entra(OpenIDCode):
        def exists_nonce(self, nonce, request):
            return any(code.nonce == nonce for code in codes.values())

        def resolve_client_private_key(self, client):
            return key

        def get_encode_header(self, client):
            return {"alg": "RS256", "kid": key.kid}

        def get_client_claims(self, client):
            return {"iss": places["issuer"], "aud": client.get_client_id()}

        def generate_user_info(self, user, scope):
            return UserInfo(
                sub="pairwise", oid=user, tid=arguments.tenant, name="Grace Beispiel",
                preferred_username="grace@contoso.example", roles=["Licences.Manage"],
            )

    server = AuthorizationServer(app, query_client=lambda name: client if name == client.client_id else None, save_token=lambda token, request: None)
    server.register_grant(CodeGrant, [Entra(require_nonce=True), CodeChallenge(required=True)])

    @app.get(f"/{arguments.tenant}/v2.0/.well-known/openid-configuration")
    def discovery():
        base = places["base"]
        return jsonify(
            issuer=places["issuer"],
            authorization_endpoint=f"{base}/authorize",
            token_endpoint=f"{base}/token",
            jwks_uri=f"{base}/jwks.json",
            response_types_supported=["code"],
            subject_types_supported=["pairwise"],
            id_token_signing_alg_values_supported=["RS256"],
            token_endpoint_auth_methods_supported=["client_secret_post"],
        )

    @app.get("/jwks.json")
    def keys():
        return jsonify(keys=[key.as_dict(private=False)])

    @app.get("/authorize")
    def authorize():
        return server.create_authorization_response(grant_user=PERSON, grant=server.get_consent_grant(end_user=PERSON))

    @app.post("/token")
    def token():
        return server.create_token_response()

    listener = make_server("127.0.0.1", 0, app, threaded=True)
    places["base"] = f"http://127.0.0.1:{listener.port}"
    places["issuer"] = f"{places['base']}/{arguments.tenant}/v2.0"
    print("ready", listener.port, flush=True)
    listener.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tenant", "client-id", "client-secret", "redirect-uri"):
        parser.add_argument(f"--{name}", required=True)
    serve(parser.parse_args())


if __name__ == "__main__":
    main()
