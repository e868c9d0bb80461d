"""Secrets that are known by their shape: our additions to the detector's rules (detected.toml).

Each rule names texts of which one must stand in the (lower-cased) ticket before its pattern is tried at all, and then
only where one of them stands, if a match begins with it. Every repetition is bounded, so that no text makes a pattern
slow.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from agent.notation.scan import begins, places_of
from agent.redaction.found import Found
from schemas.redaction import Kind

_compiled = cache(re.compile)


@dataclass(frozen=True, slots=True)
class Shape:
    """`hints`: lower case; `group`: the part of the match that is the secret.

    `begins`: texts in lower case with one of which every match begins; none where it may begin otherwise. `run`: so
    many letters, digits, `-` and `_` in a row stand in every match.
    """

    kind: Kind
    hints: tuple[str, ...]
    source: str
    group: int = 0
    flags: int = 0
    begins: tuple[str, ...] = ()
    run: int = 0

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a hint was met: most tickets need a few of them."""
        return _compiled(self.source, self.flags)


def _shape(
    kind: Kind, hints: str, pattern: str, group: int = 0, *, bounded: bool = True, begins: tuple[str, ...] | None = None
) -> Shape:
    """A shape whose matches begin with one of its hints, unless `begins` says otherwise."""
    whole = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])" if bounded else pattern
    named = tuple(hints.split())
    return Shape(kind, named, whole, group, begins=named if begins is None else begins)


SHAPES = (
    # Services that mark their keys.
    _shape("access_key", "sk_ pk_ rk_", r"(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z]{10,200}"),
    _shape("access_key", "sk-", r"sk-[0-9A-Za-z_-]{20,250}"),
    _shape("access_key", "aiza", r"AIza[0-9A-Za-z_-]{30,60}"),
    _shape("access_key", "gocspx-", r"GOCSPX-[0-9A-Za-z_-]{20,60}"),
    _shape("access_key", "whsec_", r"whsec_[0-9A-Za-z+/=_-]{20,120}"),
    _shape("access_key", "key-", r"key-[0-9a-f]{32}"),
    _shape("access_key", "xkeysib-", r"xkeysib-[0-9a-f]{40,80}-[0-9A-Za-z]{8,24}"),
    _shape("access_key", "sg.", r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{30,64}"),
    _shape("access_key", "age-secret-key-", r"AGE-SECRET-KEY-1[0-9A-Z]{50,64}"),
    _shape("token", "ya29.", r"ya29\.[0-9A-Za-z_-]{20,400}"),
    _shape("token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[0-9A-Za-z]{20,255}"),
    _shape("token", "github_pat_", r"github_pat_[0-9A-Za-z_]{40,255}"),
    _shape("token", "glpat- gldt- glrt- glsoat- glcbt-", r"gl(?:pat|dt|rt|soat|cbt)-[0-9A-Za-z_-]{16,64}"),
    _shape("token", "npm_", r"npm_[0-9A-Za-z]{30,60}"),
    _shape("token", "pypi-", r"pypi-[0-9A-Za-z_-]{50,250}"),
    _shape("token", "dckr_pat_", r"dckr_pat_[0-9A-Za-z_-]{20,60}"),
    _shape("token", "dop_v1_ doo_v1_", r"do[op]_v1_[0-9a-f]{40,80}"),
    _shape("token", "shpat_ shpss_ shpca_", r"shp(?:at|ss|ca)_[0-9a-fA-F]{24,48}"),
    _shape("token", "atatt3x", r"ATATT3x[0-9A-Za-z_=-]{40,250}"),
    _shape("token", "hvs. hvb.", r"hv[sb]\.[0-9A-Za-z_-]{20,250}"),
    _shape("token", "hf_", r"hf_[0-9A-Za-z]{30,60}"),
    _shape("token", "glc_ glsa_", r"gl(?:c|sa)_[0-9A-Za-z+/=_-]{30,250}"),
    _shape("token", "pmak-", r"PMAK-[0-9a-f]{20,30}-[0-9a-f]{30,40}"),
    _shape("token", "xox xapp-", r"(?:xox[abeoprs]|xapp)-[0-9A-Za-z-]{10,250}"),
    _shape("token", "eyj", r"eyJ[0-9A-Za-z_-]{8,4000}\.[0-9A-Za-z_-]{4,8000}(?:\.[0-9A-Za-z_-]{0,4000}){0,3}"),
    # Addresses that whoever knows them may use.
    _shape("webhook_url", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/([0-9A-Za-z_/-]{16,200})", 1),
    _shape("webhook_url", "/api/webhooks/", r"/api/webhooks/(\d{6,22}/[0-9A-Za-z_-]{30,100})", 1, bounded=False),
    _shape("webhook_url", "/webhookb2/", r"/webhookb2/([0-9A-Za-z@/_-]{40,250})", 1, bounded=False),
    _shape("token", "/bot", r"/bot(\d{6,12}:[0-9A-Za-z_-]{30,60})", 1, bounded=False),
    # Headers. `Authorization: Bearer …` also where a log wrote it as JSON.
    _shape(
        "token",
        "authorization",
        r"(?i:authorization)[\"'\\]{0,3}[ ]?[:=][ ]?[\"'\\]{0,3}"
        r"(?:(?i:bearer|token|apikey|api-key|negotiate|ntlm|aws4-hmac-sha256|oauth|sso-key)[ ]{1,3})?"
        r"(?!(?i:basic|digest)\b)[\"']?([0-9A-Za-z+/=._~:-]{8,8000})",
        1,
    ),
    _shape(
        "password",
        "basic",
        r"(?i:authorization[\"'\\]{0,3}[ ]?[:=][ ]?[\"'\\]{0,3}basic)[ ]{1,3}([0-9A-Za-z+/=_-]{6,2000})",
        1,
        begins=("authorization",),
    ),
    _shape("token", "bearer", r"(?i:bearer)[ ]{1,3}([0-9A-Za-z+/=._~-]{16,8000})", 1),
    _shape("token", "digest", r"(?i:digest)[ ][^\n]{0,300}response=\"([0-9a-f]{32,64})\"", 1),
    # `Cookie: a=b; c=d` is handled in `cookies`; these cookies are sessions wherever they stand.
    _shape(
        "session",
        "sessid sessionid session_id connect.sid laravel_session _session sid= auth_cookie .aspnet",
        r"(?i:[\w.-]{0,30}(?:sess(?:ion)?_?id|connect\.sid|_session|\bsid|auth_cookie|\.aspnetcore\.cookies|"
        r"\.aspxauth))"
        r"=(?:s%3A|s:)?([0-9A-Za-z%+/=._~:-]{12,4000})",
        1,
        bounded=False,
        begins=(),
    ),
    # Addresses with something in them that opens a door.
    _shape(
        "token",
        "sig= signature= token= code= key= auth= secret= credential= jwt= otp= password= pwd= sid= ticket=",
        r"[?&#;](?i:(?:[a-z_-]{1,24}[_-])?(?:sig|signature|token|code|api_?key|key|auth|secret|credential|jwt|otp|"
        r"ticket))"
        r"=([0-9A-Za-z%+/=._~-]{16,8000})",
        1,
        bounded=False,
        begins=(),
    ),
    _shape(
        "token",
        "reset magic verify verif activat invit confirm login unsubscribe",
        r"/(?i:(?:password[_-]?)?reset(?:[_-]?password)?|(?:re)?set[_-]password|magic(?:[_-]?link)?|verif(?:y|"
        r"ication)(?:[_-]e?mail)?|"
        r"activat(?:e|ion)|invit(?:e|ation)|confirm(?:ation)?|login|auto[_-]?login)"
        r"/(?:[a-z]{1,16}/)?((?=[0-9A-Za-z_.~-]{0,200}\d)[0-9A-Za-z_.~-]{16,2000})",
        1,
        bounded=False,
        begins=(),
    ),
    # `scheme://user:password@host`; the password may hold an @ where it was not encoded.
    _shape(
        "password",
        "://",
        r"://[^\s:/@\"'<>\[\]]{0,100}:(?!//)([^\s/\"'<>]{1,200}|[^\s\"'<>]{1,100})@(?=\[?[0-9A-Za-z])",
        1,
        bounded=False,
    ),
    _shape(
        "token",
        "://",
        r"://((?=[0-9A-Za-z_-]{0,100}\d)[0-9A-Za-z_-]{20,250})(?::x-oauth-basic)?@(?=[0-9A-Za-z])",
        1,
        bounded=False,
    ),
    _shape("password", "jdbc:oracle", r"jdbc:oracle:\w{2,8}:[^\s/@]{1,60}/([^\s@]{1,100})@", 1, bounded=False),
    # The command line.
    _shape(
        "password",
        "-u --user --proxy-user",
        r"(?<!\S)(?:-u|--user|--proxy-user)[ =]?[\"']?[\w.@+%-]{1,100}:([^\s\"']{3,200})",
        1,
        bounded=False,
    ),
    _shape(
        "password",
        "mysql sshpass mongo plink pscp mariadb login sqlcmd",
        r"\b(?:mysql\w{0,8}|mariadb|sshpass|mongo(?:sh|dump|restore)?|plink|pscp|(?:docker|podman|helm|oc|az|"
        r"cf)[^\n]{0,40}[ ]login|"
        r"sqlcmd|smbclient)\b[^\n]{0,120}?[ ]-[pP](?:w?[ ]{1,2})?[\"']?([^\s\"'-][^\s\"']{2,100})",
        1,
        bounded=False,
        begins=(
            *("mysql", "mariadb", "sshpass", "mongo", "plink", "pscp", "docker", "podman", "helm", "oc", "az", "cf"),
            *("sqlcmd", "smbclient"),
        ),
    ),
    _shape(
        "password", "redis-cli", r"\bredis-cli\b[^\n]{0,120}?[ ]-a[ ]{1,2}[\"']?([^\s\"']{3,200})", 1, bounded=False
    ),
    _shape(
        "password",
        "/user:",
        r"\bnet use\b[^\n]{0,120}/user:[^\s]{1,60}[ ](?![/*])([^\s]{4,100})",
        1,
        bounded=False,
        begins=("net use",),
    ),
    _shape(
        "password",
        "securestring",
        r"(?i:ConvertTo-SecureString)(?:[ ]-String)?[ ][\"']([^\"'\n]{4,100})",
        1,
        bounded=False,
        begins=("convertto-securestring",),
    ),
    _shape(
        "password",
        ".login( .auth .connect(",
        r"\.(?:login|auth\w{0,12}|connect)\([\"'][^\"'\n]{1,60}[\"'],[ ]?[\"']([^\"'\n]{4,100})[\"']",
        1,
        bounded=False,
    ),
    _shape("password", "auth", r"AUTH (?:PLAIN|LOGIN) ([0-9A-Za-z+/=]{8,400})", 1, bounded=False),
    _shape(
        "password",
        "$2 $argon2 $6$ $5$ $1$",
        r"(?<![\w$])(\$(?:2[abxy]?\$\d\d\$[./0-9A-Za-z]{53}|(?:argon2\w{1,2}|[156])\$[./0-9A-Za-z$,=+]{20,200}))",
        1,
        bounded=False,
    ),
    # `admin:…` beside a word of signing in, if the value is unmistakable.
    _shape(
        "password",
        "log sign anmeld einlog credential user creds",
        r"(?i:\b(?:log(?:ged|ging)?[ -]?(?:in|on)|login|sign(?:ed)?[ -]?in|anmeld\w{1,6}|einlog\w{1,6}|"
        r"credentials?|creds|"
        r"user)\b)[^\n:]{0,30}?[ (\"'][\w.@-]{2,40}:((?=[^\s]{0,60}\d)(?=[^\s]{0,60}[!#$%&*?+^])[^\s\"',;]{8,60})",
        1,
        bounded=False,
    ),
    _shape(
        "access_key",
        "accountkey sharedaccesskey",
        r"(?i:(?:account|sharedaccess)key)=([0-9A-Za-z+/]{40,120}={0,2})",
        1,
        bounded=False,
    ),
    _shape(
        "token",
        "_authtoken",
        r"_auth(?:Token)?[ ]?=[ ]?[\"']?([0-9A-Za-z+/=._-]{16,300})",
        1,
        bounded=False,
        begins=("_auth",),
    ),
    _shape(
        "password",
        "_password",
        r":_password[ ]?=[ ]?[\"']?([0-9A-Za-z+/=._-]{6,300})",
        1,
        bounded=False,
        begins=(":_password",),
    ),
)

_BEGIN = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|"
    r"PuTTY-User-Key-File-\d:[^\n]{0,80}"
)
_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(
    r"(?:\n|\\n)[ \t>|]{0,8}(?:[A-Za-z0-9+/=]{16,100}(?![^\s\\\"'])|[A-Za-z0-9+/]{1,15}={1,2}(?=\s|$)|(?=\n)|"
    r"(?:Version|Comment|Proc-Type|DEK-Info|Encryption|Key-Derivation|Argon2-\w{1,20}|(?:Public|Private)-Lines|"
    r"Private-(?:MAC|Hash)):[^\n]{0,200})"
)
_LONGEST_KEY = 20_000
# Bytes that are no part of a run (see `Shape.run`) become blanks; those of other scripts count as letters.
_RUNS = bytes(code if code > 127 or chr(code).isalnum() or chr(code) in "-_" else 32 for code in range(256))
_COOKIE = re.compile(r"(?i)\b(?:set-)?cookie[\"'\\]{0,3}[ ]?[:=][ ]?[\"'\\]{0,3}([^\n\"']{4,8000})")
_ONE_COOKIE = re.compile(r"[\w.\-$%]{1,100}=([^\s;,\"']{12,4000})")
_COOKIE_ATTRIBUTES = frozenset(("expires", "domain", "path", "max-age", "samesite", "version"))


class Shapes:
    """Shapes that are looked for together: which hints stand in a text is found out first, for all of them."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self._shapes = tuple(shapes)
        self._hinted: dict[str, list[int]] = {}
        for place, shape in enumerate(self._shapes):
            for hint in shape.hints:
                self._hinted.setdefault(hint, []).append(place)

    def find(self, text: str, low: str, *, exact: bool) -> Iterator[Found]:
        """What the shapes find. `low`: the text in lower case, of the same length.

        `exact`: False where a pattern that minds no case may take a letter for another one, so that beside the hints
        nothing is ruled out.
        """
        # No hint has a blank in it, and the words of a long text, each once, are half as long as the text.
        words = " ".join(set(low.split()))
        likely = {place for hint, places in self._hinted.items() if hint in words for place in places}
        longest = None
        for shape in map(self._shapes.__getitem__, sorted(likely)):
            if exact and shape.run:
                longest = _longest_run(words) if longest is None else longest
                if longest < shape.run:
                    continue
            tried_at = shape.begins if exact else ()
            matches = (
                begins(shape.pattern, text, places_of(low, tried_at)) if tried_at else shape.pattern.finditer(text)
            )
            for match in matches:
                yield Found(*match.span(shape.group), shape.kind)


def _longest_run(words: str) -> int:
    return max(map(len, words.encode("utf-8", "surrogatepass").translate(_RUNS).split()), default=0)


def private_keys(text: str) -> Iterator[Found]:
    """Blocks from BEGIN to END; one that is cut off goes as far as its lines look like a key."""
    if "-----BEGIN" not in text and "PuTTY-User-Key" not in text:
        return
    at = 0
    while (match := _BEGIN.search(text, at)) is not None:
        start, at = match.start(), match.end()
        marks = text.find("-----END", at, at + _LONGEST_KEY)
        end = _END.match(text, marks) if marks >= 0 and text.find("-----BEGIN", at, marks) < 0 else None
        if end is not None:
            at = end.end()
        else:
            while at - start < _LONGEST_KEY and (line := _KEY_LINE.match(text, at)) is not None:
                at = line.end()
            if not text[match.end() : at].strip():
                continue  # only spoken of
        yield Found(start, start + len(text[start:at].rstrip()), "private_key")


def cookies(text: str, low: str) -> Iterator[Found]:
    """Every value of a cookie header that is long enough to be more than a setting."""
    if "cookie" not in low:
        return
    for header in _COOKIE.finditer(text):
        for match in _ONE_COOKIE.finditer(text, *header.span(1)):
            name = match[0].partition("=")[0].casefold()
            if name not in _COOKIE_ATTRIBUTES and any(c.isdigit() for c in match[1]):
                yield Found(*match.span(1), "session")
