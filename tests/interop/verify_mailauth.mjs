// Lets mailauth judge messages, with DNS answered from a zone file only.
//
// usage: node verify_mailauth.mjs NODE_MODULES dns.zone received.eml...
//
// Prints one JSON object per message, in order:
// {"arc": "pass|fail|none", "reason": "...", "dkim": [{"d": "...", "s": "...", "result": "...", "reason": "..."}]}

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [modules, zonePath, ...messages] = process.argv.slice(2);
const require = createRequire(resolve(modules, 'anchor.js'));
const { dkimVerify } = require('mailauth/lib/dkim/verify.js');
const { arc } = require('mailauth/lib/arc/index.js');

// Standard output is for verdicts; the library writes remarks there too.
console.log = console.error;

const FAILURES = {
    NXDOMAIN: 'ENOTFOUND',
    NODATA: 'ENODATA',
    SERVFAIL: 'ESERVFAIL',
    REFUSED: 'EREFUSED',
    ERROR: 'EBADRESP',
    TIMEOUT: 'ETIMEOUT',
    UNREACHABLE: 'ECONNREFUSED',
};

// Reads the form in which zone files are written here: one record or one remark per line.
function readZone(text) {
    const records = new Map();
    const failures = new Map();
    for (const line of text.split('\n')) {
        const remark = line.match(/^; ([A-Z]+) (\S+)\. TXT$/);
        const record = line.match(/^(\S+)\. \d+ IN TXT((?: "(?:[^"\\]|\\.)*")+)$/);
        if (remark && FAILURES[remark[1]]) {
            failures.set(remark[2].toLowerCase(), FAILURES[remark[1]]);
        } else if (record) {
            const strings = [...record[2].matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, s]) =>
                s.replace(/\\(\d{3}|.)/g, (_, c) => (c.length === 3 ? String.fromCharCode(Number(c)) : c))
            );
            const name = record[1].toLowerCase();
            records.set(name, [...(records.get(name) ?? []), strings]);
        }
    }
    return { records, failures };
}

const { records, failures } = readZone(await readFile(zonePath, 'utf8'));

async function resolver(name, type) {
    const key = name.toLowerCase().replace(/\.$/, '');
    if (type === 'TXT' && records.has(key)) {
        return records.get(key);
    }
    throw Object.assign(new Error(`query${type} ${name}`), { code: failures.get(key) ?? 'ENOTFOUND' });
}

async function judge(message) {
    const options = { resolver, minBitLength: 1024 };
    try {
        const verified = await dkimVerify(message, options);
        const chain = await arc(verified.arc, options);
        return {
            arc: chain.status.result,
            reason: chain.status.comment || '',
            dkim: verified.results
                .filter(r => r.status.result !== 'none')
                .map(r => ({ d: r.signingDomain, s: r.selector, result: r.status.result, reason: r.status.comment || '' })),
        };
    } catch (error) {
        return { arc: 'fail', reason: `${error.name}: ${error.message}`, dkim: [] };
    }
}

for (const path of messages) {
    process.stdout.write(`${JSON.stringify(await judge(await readFile(path)))}\n`);
}
