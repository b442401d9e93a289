"""Lets dkimpy judge messages, with DNS answered from a zone file only.

usage: verify_dkimpy.py dns.zone received.eml...

Prints one JSON object per message, in order:
{"arc": "pass|fail|none", "reason": "...", "sets": [{"instance": 1, "ams": true, "seal": true}],
 "dkim": [{"d": "...", "s": "...", "result": "pass|fail", "reason": "..."}]}
"""

import json
import logging
import re
import sys

import dkim
import dns.rdatatype
import dns.zonefile

REMARK = re.compile(r"^; (NXDOMAIN|NODATA|SERVFAIL|REFUSED|ERROR|TIMEOUT|UNREACHABLE) (\S+\.) TXT$")


def read_zone(path):
    """TXT records by name, and the names whose servers do not answer."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    records = {}
    for rrset in dns.zonefile.read_rrsets(text, rdclass=None, origin="."):
        if rrset.rdtype == dns.rdatatype.TXT:
            name = rrset.name.to_text().lower()
            records.setdefault(name, []).extend(b"".join(rdata.strings) for rdata in rrset)
    remarks = (REMARK.match(line) for line in text.splitlines())
    failed = {m[2].lower() for m in remarks if m and m[1] not in ("NXDOMAIN", "NODATA")}
    return records, failed


def resolver(path):
    """What dkimpy asks for a TXT record."""
    records, failed = read_zone(path)

    def txt(name, timeout=5):
        name = (name.decode() if isinstance(name, bytes) else name).lower()
        if name in failed:
            raise dkim.DnsTimeoutError(name)
        return next(iter(records.get(name, [])), None)

    return txt


class Complaints(logging.Handler):
    """Keeps what dkimpy logs as errors: it is the only reason that some verdicts have."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())

    def take(self):
        texts, self.texts = self.texts, []
        return "; ".join(texts)


def judge_arc(message, txt, complaints, logger):
    try:
        cv, results, reason = dkim.ARC(message, logger=logger).verify(dnsfunc=txt)
    except Exception as error:  # whatever it raises is its verdict
        return {"arc": "fail", "reason": f"{type(error).__name__}: {error}", "sets": []}
    sets = [{"instance": r["instance"], "ams": r["ams-valid"], "seal": r["as-valid"]} for r in results]
    # A chain that a seal marks as failed has no status of its own in dkimpy.
    verdict = (cv or b"fail").decode()
    reason = "; ".join(filter(None, [reason, complaints.take()]))
    return {"arc": verdict, "reason": reason, "sets": sorted(sets, key=lambda s: s["instance"])}


def judge_dkim(message, txt, complaints, logger):
    try:
        verifier = dkim.DKIM(message, logger=logger)
    except Exception as error:
        return [{"d": "", "s": "", "result": "fail", "reason": f"{type(error).__name__}: {error}"}]
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
    verdicts = []
    for index in range(count):
        try:
            holds, reason = verifier.verify(idx=index, dnsfunc=txt), complaints.take()
        except Exception as error:
            holds, reason = False, f"{type(error).__name__}: {error}"
        tags = getattr(verifier, "signature_fields", None) or {}
        verdicts.append({
            "d": tags.get(b"d", b"").decode(errors="replace"),
            "s": tags.get(b"s", b"").decode(errors="replace"),
            "result": "pass" if holds else "fail",
            "reason": reason,
        })
    return verdicts


def main():
    txt = resolver(sys.argv[1])
    complaints = Complaints()
    logger = logging.getLogger("judge")
    logger.addHandler(complaints)
    logger.propagate = False
    for path in sys.argv[2:]:
        with open(path, "rb") as file:
            message = file.read()
        verdict = judge_arc(message, txt, complaints, logger)
        verdict["dkim"] = judge_dkim(message, txt, complaints, logger)
        print(json.dumps(verdict))


if __name__ == "__main__":
    main()
