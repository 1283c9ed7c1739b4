"""A mail server that is not ours: aiosmtpd, with STARTTLS and a sign-in.

Prints the port it listens on, then one line of JSON for each mail it took. With --lose-answers N it takes the first N mails
and hangs up instead of saying so.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--lose-answers", type=int, default=0)
parser.add_argument("--implicit-tls", action="store_true", help="TLS from the first byte, as on port 465")
parser.add_argument("--refuse-recipient", default="")
arguments = parser.parse_args()


class Inbox:
    def __init__(self):
        self.left_to_lose = arguments.lose_answers

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == arguments.refuse_recipient:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(
            json.dumps(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "subject": mail["Subject"],
                    "message_id": mail["Message-ID"],
                    "auto_submitted": mail["Auto-Submitted"],
                    "body": mail.get_content(),
                    "encrypted": server.transport.get_extra_info("ssl_object") is not None,
                    "signed_in": session.authenticated,
                }
            ),
            flush=True,
        )
        if self.left_to_lose > 0:
            self.left_to_lose -= 1
            server.transport.abort()
        return "250 taken"


def check(server, session, envelope, mechanism, data):
    login, password = data.login.decode(), data.password.decode()
        # Not handled: the library says yes or no to the client.
    return AuthResult(success=(login, password) == (arguments.user, arguments.password), handled=False)


async def main():
    context = None
    if arguments.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(arguments.certificate, arguments.key)
    inbox = Inbox()

    def session():
        return SMTP(
            inbox,
            hostname="mail.contoso.example",
            tls_context=None if arguments.implicit_tls else context,
            require_starttls=context is not None and not arguments.implicit_tls,
            authenticator=check if arguments.user else None,
            auth_required=arguments.user is not None,
            # The library takes TLS from the first byte for none.
            auth_require_tls=not arguments.implicit_tls,
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", 0, ssl=context if arguments.implicit_tls else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
