"""Sends a mail and looks for it once a second, as people write such a check with smtplib and imaplib.

usage: poll_loop.py TIMES    (what `sealcheck lab up` printed is read from standard input)

Prints how many milliseconds passed from the reply to the mail until the copy was in hand, a line for each.
"""

import email.message
import email.utils
import json
import smtplib
import ssl
import sys
import time

from imap_read import Named, ok


class NamedSmtp(smtplib.SMTP):
    """A connection to an address whose certificate carries a name."""

    def __init__(self, host, port, name):
        super().__init__(host, port, timeout=60)
        self._host = name


def main():
    lab = json.loads(sys.stdin.readline())
    servers = {server["name"]: server for server in lab["servers"]}
    accounts = {account["name"]: account for account in lab["accounts"]}
    context = ssl.create_default_context(cadata=lab["ca_pem"])
    sender, receiver = accounts["external"], accounts["gmail"]
    for n in range(int(sys.argv[1])):
        mail = email.message.EmailMessage()
        mail["From"], mail["To"] = sender["address"], accounts["company"]["address"]
        mail["Subject"], mail["Date"] = f"poll {n}", email.utils.formatdate()
        mail["Message-ID"] = email.utils.make_msgid(domain="ext.example")
        mail.set_content("A sentence.")
        host, port = servers["submission"]["address"].split(":")
        with NamedSmtp(host, int(port), servers["submission"]["host"]) as smtp:
            smtp.starttls(context=context)
            smtp.login(sender["user"], sender["password"])
            smtp.send_message(mail)
        accepted = time.monotonic()
        host, port = servers["gmail-imap"]["address"].split(":")
        imap = Named(host, int(port), context, servers["gmail-imap"]["host"])
        ok(imap.login(receiver["user"], receiver["password"]))
        while True:
            ok(imap.select("INBOX"))
            found = ok(imap.search(None, "HEADER", "Message-ID", f'"{mail["Message-ID"]}"'))[0].split()
            if found:
                ok(imap.fetch(found[0].decode(), "(BODY.PEEK[])"))
                print(round((time.monotonic() - accepted) * 1000, 1))
                break
            time.sleep(1)
        imap.logout()


main()
