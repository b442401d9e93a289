"""Reads a mailbox with Python's imaplib, as a script of a user would.

usage: imap_read.py HOST PORT CA_FILE TLS_NAME USER FOLDER TEXT    (the password is read from standard input)

Waits until the folder has a message with TEXT in its subject, marks it, labels it, moves it to the bin, and prints one
JSON object with what it saw.
"""

import email
import imaplib
import json
import socket
import ssl
import sys

DEADLINE = 60


class Named(imaplib.IMAP4_SSL):
    """A connection to an address whose certificate carries a name."""

    def __init__(self, host, port, context, name):
        self.name = name
        super().__init__(host, port, ssl_context=context, timeout=DEADLINE)

    def _create_socket(self, timeout):
        plain = socket.create_connection((self.host, self.port), timeout)
        return self.ssl_context.wrap_socket(plain, server_hostname=self.name)


def ok(answer):
    status, data = answer
    if status != "OK":
        raise SystemExit(f"{status}: {data}")
    return data


def wait(imap, text):
    """Gmail's habit: a selected session learns of new mail only when it asks."""
    while True:
        found = ok(imap.uid("SEARCH", "CHARSET", "UTF-8", "SUBJECT", f'"{text}"'))[0].split()
        if found:
            return found[-1].decode()
        tag = imap._new_tag()
        imap.send(tag + b" IDLE\r\n")
        line = imap.readline()
        while not line.startswith(b"+"):
            line = imap.readline()
        while b"EXISTS" not in imap.readline():
            pass
        imap.send(b"DONE\r\n")
        while not imap.readline().startswith(tag):
            pass
        ok(imap.noop())


def main():
    host, port, ca_file, name, user, folder, text = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    imap = Named(host, int(port), ssl.create_default_context(cafile=ca_file), name)
    seen = {"capabilities": list(imap.capabilities)}
    try:
        imap.login(user, "not the password")
    except imaplib.IMAP4.error as error:
        seen["refusal"] = str(error)
    ok(imap.login(user, password))
    seen["folders"] = [line.decode() for line in ok(imap.list())]
    ok(imap.select(folder))
    uid = wait(imap, text)
    seen["uid"] = uid
    seen["raw_search"] = ok(imap.uid("SEARCH", "X-GM-RAW", f'"subject:{text}"'))[0].decode()
    data = ok(imap.uid("FETCH", uid, "(FLAGS INTERNALDATE X-GM-MSGID X-GM-LABELS BODY.PEEK[])"))
    seen["fetch"] = data[0][0].decode()
    message = email.message_from_bytes(data[0][1])
    seen["message_id"] = message["Message-ID"]
    seen["header"] = ok(imap.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))[0][1].decode()
    seen["structure"] = ok(imap.uid("FETCH", uid, "(ENVELOPE BODYSTRUCTURE)"))[0].decode()
    seen["stored"] = ok(imap.uid("STORE", uid, "+FLAGS", "(\\Seen)"))[0].decode()
    ok(imap.append('"[Gmail]/Drafts"', "(\\Draft)", None, b"Subject: a draft\r\n\r\nbody\r\n"))
    ok(imap.uid("MOVE", uid, '"[Gmail]/Trash"'))
    seen["left"] = ok(imap.uid("SEARCH", "ALL"))[0].decode()
    ok(imap.select('"[Gmail]/Trash"', readonly=True))
    seen["bin"] = ok(imap.search(None, "ALL"))[0].decode()
    imap.close()
    seen["bye"] = imap.logout()[0]
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
