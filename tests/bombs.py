"""Inputs that are made to kill a reader: archives, deep and wide JSON, mails of ten thousand parts, one endless line.

Run as a program, in a process of its own: reads every bomb under limits and prints what it took, a JSON line each.
"""

import base64
import gzip
import io
import json
import resource
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

MIB = 1 << 20


def _zip(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, b"\0" * (20 * MIB))
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        info = tarfile.TarInfo("../../etc/passwd")
        info.size = 4
        file.addfile(info, io.BytesIO(b"root"))
    return out.getvalue()


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + '<!ENTITY file SYSTEM "file:///etc/passwd">]><lolz>&lol9;&file;</lolz>'
)
YAML = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi")
)
MAIL = b"From: a@b.c\r\nTo: support@d.e\r\nMIME-Version: 1.0\r\n"
ISSUE = '{"key": "A-1", "fields": {"summary": "x", "description": %s}}'


def _mail(kind: bytes, body: bytes, more: bytes = b"") -> bytes:
    return MAIL + more + b"Content-Type: " + kind + b"\r\n\r\n" + body


def _parts(count: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return _mail(b"multipart/mixed; boundary=b", part * count + b"--b--\r\n")


def _nested(depth: int) -> bytes:
    made = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return MAIL + made + b"\r\nx\r\n"


def _attached(depth: int) -> bytes:
    return MAIL + b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.z\r\n" * depth + b"\r\nx"


def _html(markup: bytes) -> bytes:
    return _mail(b"text/html; charset=utf-8", markup)


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip": ("t.zip", lambda: _zip("t.txt")),
    "docx": ("t.docx", lambda: _zip("word/document.xml")),
    "zip named as mail": ("t.eml", lambda: _zip("t.txt")),
    "zip named as JSON": ("t.json", lambda: _zip("t.txt")),
    "gzip": ("t.gz", lambda: gzip.compress(b"\0" * (20 * MIB))),
    "tar": ("t.tar", _tar),
    "deep array": ("t.json", lambda: b"[" * 100_000),
    "deep object": ("t.json", lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "deep body": ("t.json", lambda: (ISSUE % ('{"type":"doc","content":[' * 300 + "1" + "]}" * 300)).encode()),
    "half a million keys": ("t.json", lambda: b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(500_000)) + b"}"),
    "the same key": ("t.json", lambda: b"{" + b",".join([b'"k":1'] * 500_000) + b"}"),
    "huge integer": ("t.json", lambda: b'{"ticket": {"id": ' + b"9" * 100_000 + b', "subject": "x"}}'),
    "not a number": ("t.json", lambda: b'{"ticket": {"id": NaN, "subject": Infinity, "description": -Infinity}}'),
    "half surrogates": ("t.json", lambda: (ISSUE % ('"' + "\\ud800" * 100_000 + '"')).encode()),
    "laughs": ("t.xml", lambda: LAUGHS.encode()),
    "laughs in a mail": ("t.eml", lambda: _html(LAUGHS.encode())),
    "laughs in YAML": ("t.yaml", lambda: YAML.encode()),
    "ten thousand parts": ("t.eml", lambda: _parts(10_000)),
    "parts in parts": ("t.eml", lambda: _nested(1_000)),
    "mails in mails": ("t.eml", lambda: _attached(1_000)),
    "a header of 10 MB": ("t.eml", lambda: _mail(b"text/plain", b"x", b"Subject: " + b"a " * (5 * MIB) + b"\r\n")),
    "headers": ("t.eml", lambda: b"X-A: b\r\n" * 200_000 + _mail(b"text/plain", b"x")),
    "folded header": ("t.eml", lambda: _mail(b"text/plain", b"x", b"Subject: a" + b"\r\n b" * 500_000 + b"\r\n")),
    "encoded words": (
        "t.eml",
        lambda: _mail(b"text/plain", b"x", b"Subject: " + b"=?utf-8?q?=41?= " * 100_000 + b"\r\n"),
    ),
    "addresses": ("t.eml", lambda: _mail(b"text/plain", b"x", b"Cc: " + b"(" * 500_000 + b"<a@b.c>,\r\n")),
    "parameters": ("t.eml", lambda: _mail(b"text/plain" + b"; a*0*=x''%41" * 100_000, b"x")),
    "no base64": ("t.eml", lambda: _mail(b"text/plain\r\nContent-Transfer-Encoding: base64", b"=*A" * 3_000_000)),
    "uuencode": (
        "t.eml",
        lambda: _mail(b"text/plain\r\nContent-Transfer-Encoding: x-uuencode", b"begin 644 x\n" + b"M!!\n" * 300_000),
    ),
    "base64 of a zip": (
        "t.eml",
        lambda: _mail(b"text/plain\r\nContent-Transfer-Encoding: base64", base64.encodebytes(_zip("a"))),
    ),
    **{
        f"charset {name}": (
            "t.eml",
            lambda name=name: _mail(b"text/plain; charset=" + name, b"\xff+AGEA-\x1b$B" * 50_000),
        )  # type: ignore[misc]
        for name in (
            b"utf-7",
            b"utf-16",
            b"idna",
            b"punycode",
            b"hz",
            b"zip",
            b"base64",
            b"\x00x",
            b"unicode_escape",
            b"rot13",
            b"x" * 5_000,
        )
    },
    "nested tags": ("t.eml", lambda: _html(b"<div>" * 100_000 + b"x")),
    "nested tables": ("t.eml", lambda: _html(b"<table><tr><td>" * 30_000 + b"x")),
    "nested lists": ("t.eml", lambda: _html(b"<ul><li>" * 50_000 + b"x")),
    "cells": ("t.eml", lambda: _html(b"<table><tr>" + b"<td>x" * 20_000)),
    "span of a million rows": ("t.eml", lambda: _html(b"<table><tr><td rowspan=9999999 colspan=9999999>x</table>")),
    "attributes": ("t.eml", lambda: _html(b"<p " + b"a=1 " * 200_000 + b">x</p>")),
    "style": ("t.eml", lambda: _html(b'<p style="font-size:' + b" " * 500_000 + b'x">x</p>')),
    "padding": ("t.eml", lambda: _html(b'<p style="margin: 999999999em; padding-left: 99999999px">x</p>' * 100)),
    "style sheet": (
        "t.eml",
        lambda: _html(b"<style>" + b"a{" * 60_000 + b"</style><style>" + b".a " * 60_000 + b"</style>x"),
    ),
    "style sheets": ("t.eml", lambda: _html((b"<style>" + b"@a{" * 100 + b"{}" * 300 + b"</style>") * 1_000 + b"x")),
    "comments": ("t.eml", lambda: _html(b"<!--x-->" * 20_000 + b"x")),
    "entities": ("t.eml", lambda: _html(b"&nbsp;&#0;&#x110000;&amp" * 50_000)),
    "a line of 20 MB": ("t.txt", lambda: b"a" * 20_000_000),
    "brackets": ("t", lambda: b"[" * 20_000_000),
    "braces": ("t", lambda: b"{" * 20_000_000),
    "NUL": ("t.txt", lambda: b"\0" * 20_000_000),
    "combining marks": ("t.txt", lambda: b"e" + "\u0301".encode() * 9_999_999),
    "zero width": ("t.txt", lambda: b"e" + "\u200b".encode() * 6_000_000),
    "line breaks": ("t.txt", lambda: b"\r\n" * 4_000_000 + b"x"),
    "half surrogates in UTF-8": ("t.txt", lambda: b"\xed\xa0\x80" * 6_000_000),
    "byte order marks": ("t.txt", lambda: b"\xef\xbb\xbf" * 6_000_000),
    "UTF-7": ("t.txt", lambda: b"+/v8-+ADw-script+AD4-" * 500_000),
    "UTF-16": ("t.txt", lambda: b"\xff\xfe" + b"\x00\xd8" * 3_000_000),
    "UTF-16 that ends": ("t.txt", lambda: b"\xff\xfea"),
    "UTF-32": ("t.txt", lambda: b"\xff\xfe\x00\x00" + b"\xff\xff\xff\x7f" * 1_000_000),
    "bytes of no encoding": ("t.txt", lambda: bytes(range(128, 256)) * 100_000),
    "expanding letters": ("t.txt", lambda: "ﷺ".encode() * 6_000_000),
    "too big": ("t.txt", lambda: b"a" * 50_000_000),
}


def results(names: list[str]) -> Iterator[dict[str, object]]:
    """What each takes: the error's line or the length of the text, seconds of processor time, peak memory in MiB."""
    from agent.errors import EscalationError
    from agent.readers import read_ticket

    for name in names:
        file, make = BOMBS[name]
        data = make()
        started = time.process_time()
        line, size = "", 0
        try:
            size = len(read_ticket(data, name=file).text)
        except EscalationError as error:
            line = str(error)
        del data
        yield {
            "name": name,
            "line": line,
            "characters": size,
            "seconds": time.process_time() - started,
            "mebibytes": peak(),
        }


def peak() -> float:
    """The most memory that this process ever held. The kernel's `ru_maxrss` begins with that of whoever started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS: bytes
    return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    for result in results(sys.argv[1:] or list(BOMBS)):
        print(json.dumps(result), flush=True)
