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


def any_of(parts: Iterable[str]) -> str:
    """A pattern of all parts, first letters first: it is searched for three times faster than a plain choice."""
    rest: dict[str, list[str]] = {}
    for part in parts:
        rest.setdefault(part[:1], []).append(part[1:])
    ends = rest.pop("", None) is not None
    inner = "|".join(re.escape(first) + any_of(others) for first, others in rest.items())
    return f"(?:{inner}){'?' if ends else ''}" if inner else ""


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
    _shape("token", "atbb", r"ATBB[0-9A-Za-z]{24,40}"),
    _shape("token", "eaaa eaa", r"EAA[A-Za-z][0-9A-Za-z_-]{50,250}"),
    _shape("token", "access_token$", r"access_token\$(?:production|sandbox)\$[0-9a-z]{10,24}\$[0-9a-f]{32}"),
    _shape("token", "rubygems_", r"rubygems_[0-9a-f]{40,60}"),
    _shape("access_key", "oy2", r"oy2[0-9a-z]{43}"),
    _shape("token", "cio", r"cio[0-9A-Za-z]{32}"),
    _shape("access_key", "gsk_ r8_ pplx- xai-", r"(?:gsk_|r8_|pplx-|xai-)[0-9A-Za-z]{32,90}"),
    _shape("access_key", "nrak- nraa- nrii-", r"NR(?:AK|AA|II)-[0-9A-Za-z]{24,40}"),
    _shape("access_key", "nral", r"[0-9a-z]{36,40}NRAL", begins=()),
    _shape("token", "lin_api_ lin_oauth_", r"lin_(?:api|oauth)_[0-9A-Za-z]{32,80}"),
    _shape("token", "secret_ ntn_", r"(?:secret|ntn)_(?=[A-Za-z_-]{0,60}\d)[0-9A-Za-z]{40,60}"),
    _shape("token", "pat", r"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}"),
    _shape("token", "pat-", r"pat-[a-z]{2}\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    _shape("token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[0-9A-Za-z]{40,50}"),
    _shape("token", "dapi", r"dapi[0-9a-f]{32}(?:-\d{1,2})?"),
    _shape(
        "token",
        "bkua_ pscale_ figd_ sbp_ tfp_ fo1_ squ_ sqp_ sqa_ pul- dt0c01. tskey-",
        r"(?:bkua_|pscale_(?:tkn|pw|"
        r"oauth)_|figd_|sbp_|tfp_|fo1_|sq[upa]_|pul-|dt0c01\.|tskey-(?:auth|api|client)-)[0-9A-Za-z._=-]{32,120}",
    ),
    _shape("token", "sntrys_ sntryu_", r"sntry[su]_[0-9A-Za-z+/=_]{40,250}"),
    _shape("access_key", "rzp_", r"rzp_(?:live|test)_[0-9A-Za-z]{14,30}"),
    _shape("access_key", "ezak eztk", r"EZ[AT]K[0-9A-Za-z]{50,60}"),
    _shape("token", "clojars_", r"(?i:clojars)_[0-9A-Za-z]{60}"),
    _shape(
        "token",
        "access-sandbox- access-production- access-development-",
        r"access-(?:sandbox|production|"
        r"development)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    _shape("access_key", "8q~ 7q~", r"[0-9A-Za-z_~.-]{3}[78]Q~[0-9A-Za-z_~.-]{31,34}", begins=()),
    _shape("token", "aaaaaaaaaaaaaaaaaaaa", r"A{20,22}[0-9A-Za-z%]{60,160}", bounded=False),
    _shape(  # cut off by whoever wrote it
        "access_key",
        "sk_live_ rk_live_ sk_test_ ghp_ glpat- akia xoxb- xoxp- sk-ant- sk-proj-",
        r"(?:[sr]k_(?:live|test)_|ghp_|glpat-|AKIA|xox[bp]-|sk-ant-|sk-proj-)[0-9A-Za-z_-]{4,120}(?=…|\.{2,}|[*•]{2,})",
        bounded=False,
    ),
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
        r"(?:(?i:bearer|token|apikey|api-key|negotiate|ntlm|aws4-hmac-sha256|oauth|sso-key|ssws|key|hmac|pat)[ ]{1,3})?"
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
        "sessid sessionid session_id connect.sid laravel_session _session sid= auth_cookie .aspnet .aspxauth",
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
        r"(?<!\S)(?:-u|--user|--proxy-user)[ =]?[\"']?[\w.@+%-]{1,100}:"
        r"([^\s\"']{1,100}(?:[ ][^\s\"'-][^\s\"']{0,30}){1,4}(?=[\"'])|[^\s\"']{3,200})",
        1,
        bounded=False,
    ),
    _shape(
        "password",
        "mysql sshpass mongo plink pscp mariadb login sqlcmd smbclient unzip zip ssh-keygen bcp",
        r"\b(?:mysql\w{0,8}|mariadb|sshpass|mongo(?:sh|dump|restore)?|plink|pscp|(?:docker|podman|helm|oc|az|"
        r"cf)[^\n]{0,40}[ ]login|"
        r"sqlcmd|smbclient|unzip|zip|ssh-keygen|bcp)\b"
        r"[^\n]{0,120}?[ ]-[pP](?:w?[ ]{1,2})?[\"']?([^\s\"'-][^\s\"']{2,100})",
        1,
        bounded=False,
        begins=(
            *("mysql", "mariadb", "sshpass", "mongo", "plink", "pscp", "docker", "podman", "helm", "oc", "az", "cf"),
            *("sqlcmd", "smbclient", "unzip", "zip", "ssh-keygen", "bcp"),
        ),
    ),
    _shape(
        "password",
        "ssh-keygen ldapsearch ldapmodify ldapadd ldappasswd ldapwhoami",
        r"\b(?:ssh-keygen|ldap[a-z]{3,6})\b[^\n]{0,120}?[ ]-[Nw][ ]{1,2}[\"']?((?<=\")[^\"\n]{3,100}(?=\")|"
        r"(?<=')[^'\n]{3,100}(?=')|[^\s\"'-][^\s\"']{2,100})",
        1,
        bounded=False,
    ),
    _shape("password", "sqlplus", r"\bsqlplus\b[^\n]{0,40}?[ ]\"?\w{1,40}/\"?([^\s@\"/]{3,60})\"?@", 1, bounded=False),
    _shape(
        "password",
        "echo",
        r"\becho[ ]+(?:-n[ ]+)?[\"']?([^\s\"'|$`<>]{4,100})[\"']?[ ]*\|[ ]*(?:sudo[ ]+(?:-\w+[ ]+){0,4}-S\b|"
        r"[^\n|]{1,80}--password-stdin|[^\n|]{0,40}chpasswd)",
        1,
        bounded=False,
    ),
    _shape(
        "password",
        "smbclient lftp",
        r"\b(?:smbclient[^\n]{0,80}[ ]-U[ ]?[\"']?[^\s%]{1,60}%|lftp[^\n]{0,60}[ ]-u[ ]?"
        r"[\"']?[^\s,]{1,60},)([^\s\"']{3,100})",
        1,
        bounded=False,
    ),
    _shape(
        "password", "mysqladmin", r"\bmysqladmin\b[^\n]{0,80}[ ]password[ ][\"']?([^\s\"']{3,100})", 1, bounded=False
    ),
    _shape(
        "password",
        "http https xh",
        r"(?<![\w/])(?:https?|xh)[ ](?:[^\n]{0,40}[ ])?(?:-a|--auth)[ =][\"']?[\w.@+-]{1,60}:"
        r"([^\s\"']{3,100})",
        1,
        bounded=False,
    ),
    _shape(
        "token", "nuget cargo", r"\b(?:nuget\b[^\n]{0,60}[ ]-k|cargo login)[ ]([0-9A-Za-z_-]{20,100})", 1, bounded=False
    ),
    _shape(
        "session",
        "curl",
        r"\bcurl\b[^\n]{0,200}?[ ](?:-b|--cookie)[ =]?[\"']?[\w.-]{1,60}=([0-9A-Za-z%+/=._~:-]{12,4000})",
        1,
        bounded=False,
    ),
    _shape(
        "password",
        "machine",
        r"\bmachine\s{1,4}\S{1,100}\s{1,8}login\s{1,4}\S{1,100}\s{1,8}password\s{1,4}(\S{3,200})",
        1,
        bounded=False,
    ),
    _shape(  # SQL
        "password",
        "identified password",
        r"(?:(?i:identified(?:[ ]with[ ][\w\"'`]{1,40})?[ ](?:by|as)(?:[ ]password)?)|\bPASSWORD)[ ]{0,2}(?:\([ ]?)?"
        r"[\"']((?<=')[^'\n]{3,200}(?=')|(?<=\")[^\"\n]{3,200}(?=\"))",
        1,
        bounded=False,
        begins=("identified", "password"),
    ),
    _shape(
        "password",
        "redis auth",
        r"(?m)^(?:[^\n]{0,40}>[ ])?AUTH[ ](?:\w{2,20}[ ])?((?=\S{0,40}\d)[^\s\"]{6,200})[ ]*$",
        1,
        bounded=False,
        begins=(),
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
        r"\.(?:login|auth\w{0,12}|connect)\((?:[\"'][^\"'\n]{1,60}[\"'],[ ]?){1,2}[\"']([^\"'\n]{4,100})[\"']",
        1,
        bounded=False,
    ),
    _shape("password", "auth", r"AUTH (?:PLAIN|LOGIN) ([0-9A-Za-z+/=]{8,400})", 1, bounded=False),
    _shape(
        "password",
        "$2 $argon2 $6$ $5$ $1$ $7$ $y$ $gy$ $p$ $apr1$ $scrypt$",
        r"(?<![\w$])(\$(?:2[abxy]?\$\d\d\$[./0-9A-Za-z]{53}|(?:argon2\w{1,2}|scrypt|apr1|y|gy|P|[1567])\$[./0-9A-Za-z$,=+-]{20,200}))",
        1,
        bounded=False,
    ),
    _shape("password", "pbkdf2 scrypt", r"(?:pbkdf2|scrypt)[\w:.-]{0,20}[$:][0-9A-Za-z$:=,+/.-]{30,300}"),
    _shape(
        "password",
        "{ssha {sha} {md5} {smd5} {pbkdf2 {crypt}",
        r"\{(?i:s?sha(?:256|384|512)?|s?md5|crypt|pbkdf2[\w-]*)\}"
        r"([0-9A-Za-z+/=$.]{16,300})",
        1,
        bounded=False,
    ),
    _shape("password", ":::", r":\d{3,6}:([0-9a-fA-F]{32}:[0-9a-fA-F]{32}):::", 1, bounded=False, begins=()),
    _shape(
        "password",
        "password_md5 password_hash password_sha passwordhash password_digest encrypted_password hashed_password",
        r"(?i:(?:password|passwd|pwd)_?(?:md5|hash|sha\d{0,3}|digest)|(?:encrypted|hashed)_password)"
        r"[\"']?[ ]?[:=][ ]?[\"']?([0-9A-Za-z+/=$.:-]{16,300})",
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
        "_auth",
        r"_auth(?:Token)?[ ]?=[ ]?[\"']?((?=[A-Za-z+/=._-]{0,60}\d)[0-9A-Za-z+/=-]{16,300})",
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
_KEY_LINE_ABOVE = re.compile(r"(?:\A|(?<=[\n \t>|]))(?P<key>[A-Za-z0-9+/=]{40,100})[ \t]*\n[ \t>|]{0,8}\Z")
# How an RSA key begins, bare and in PKCS #8; and the whole of one in base64 once more.
_KEY_DATA = re.compile(
    r"(?<![A-Za-z0-9+/])(?:MII[A-Za-z0-9+/]{2,5}IBAA(?:KCA|KBg)[A-Za-z0-9+/=]{20,100}|"
    r"MII[A-Za-z0-9+/]{2,5}IBADANBgkqh[A-Za-z0-9+/=]{20,100})(?:\n[ \t>|]{0,8}[A-Za-z0-9+/=]{20,100}(?!\S)){0,200}"
)
_LONGEST_KEY = 20_000
_LONG_ENOUGH_TO_BREAK = 16
_REST = re.compile(r"=?\n[ \t>|]{0,8}(?P<rest>[0-9A-Za-z+/_-][0-9A-Za-z+/=_.-]{7,4000})(?=[\s\"',;<]|\Z)")
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
        # All hints in one pass, the longest at each place; those with which it begins stand there, too.
        self._hints = re.compile(f"(?=({any_of(self._hinted)}))")
        self._standing = {hint: [one for one in self._hinted if hint.startswith(one)] for hint in self._hinted}

    def find(self, text: str, low: str, *, exact: bool) -> Iterator[Found]:
        """What the shapes find. `low`: the text in lower case, of the same length.

        `exact`: False where a pattern that minds no case may take a letter for another one, so that beside the hints
        nothing is ruled out.
        """
        # No hint has a blank in it, and the words of a long text, each once, are half as long as the text.
        words = " ".join(set(low.split()))
        met = {one for hint in set(self._hints.findall(words)) for one in self._standing[hint]}
        likely = {place for hint in met for place in self._hinted[hint]}
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
    if "-----END" in text or "MII" in text:
        yield from _without_beginning(text)
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


def _without_beginning(text: str) -> Iterator[Found]:
    """Lines of a private key whose first line is missing: before its last line, or by how such a key begins."""
    for end in _END.finditer(text):
        start = end.start()
        while end.start() - start < _LONGEST_KEY:
            line = _KEY_LINE_ABOVE.search(text, max(0, start - 120), start)
            if line is None:
                break
            start = line.start("key")
        if start < end.start():
            yield Found(start, end.start(), "private_key")
    for match in _KEY_DATA.finditer(text):
        yield Found(*match.span(), "private_key")


def wrapped(text: str, found: Iterable[Found]) -> Iterator[Found]:
    """The rest of a token that a mail program broke at the end of a line."""
    for one in found:
        if one.kind in ("token", "access_key") and one.end - one.start >= _LONG_ENOUGH_TO_BREAK:
            rest = _REST.match(text, one.end)
            if rest is not None and is_token_like(rest["rest"]):
                yield Found(*rest.span("rest"), one.kind)


def is_token_like(word: str) -> bool:
    """Small and capital letters and digits without a pattern: no word, number or name."""
    return any(c.isdigit() for c in word) and any(c.islower() for c in word) and any(c.isupper() for c in word[1:])


def cookies(text: str, low: str) -> Iterator[Found]:
    """Every value of a cookie header that is long enough to be more than a setting."""
    if "cookie" not in low:
        return
    for header in _COOKIE.finditer(text):
        for match in _ONE_COOKIE.finditer(text, *header.span(1)):
            name = match[0].partition("=")[0].casefold()
            if name not in _COOKIE_ATTRIBUTES and any(c.isdigit() for c in match[1]):
                yield Found(*match.span(1), "session")
