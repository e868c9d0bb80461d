"""Sixty tickets with one planted secret each, of thirteen kinds, as support tickets hold them.

The list was written before the detector that it measures. Values come from a seeded generator, and prefixes are put
together here, so that the repository holds nothing that a scanner would take for a key.
"""

import base64
import email.message
import email.policy
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LETTERS, ALNUM = string.ascii_letters, string.ascii_letters + string.digits
HEX, URLSAFE, B64 = string.digits + "abcdef", ALNUM + "-_", ALNUM + "+/"


@dataclass(frozen=True, slots=True)
class Planted:
    """A ticket's file. `secrets`: none of them may leave; the first one is the planted one."""

    kind: str
    name: str
    raw: bytes
    secrets: tuple[str, ...]


class Values:
    """Secret values from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, letters: str, length: int) -> str:
        """So many of these, with a digit and a letter among them."""
        while True:
            value = "".join(self._random.choice(letters) for _ in range(length))
            if any(c.isdigit() for c in value) and any(c.isalpha() for c in value) and value[0] not in "-_+/":
                return value

    def password(self, length: int = 12) -> str:
        """As a careful person makes one."""
        body = self.of(ALNUM, length - 2)
        return body[:4] + self._random.choice("!#%&*?+") + body[4:] + self._random.choice("!#*")

    def word(self) -> str:
        """As a careless person makes one."""
        words = ("Sommer", "winter", "Dragon", "Liverpool", "sunshine", "Schalke")
        return self._random.choice(words) + str(self._random.randrange(10, 9999))

    def uuid(self) -> str:
        """Of version 4."""
        raw = self.of(HEX, 32)
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"

    def digits(self, length: int) -> str:
        """Without a zero in front."""
        return str(self._random.randrange(10 ** (length - 1), 10**length))

    def card(self, prefix: str, length: int) -> str:
        """With a valid check digit."""
        body = prefix + "".join(self._random.choice(string.digits) for _ in range(length - len(prefix) - 1))
        total = 0
        for place, digit in enumerate(reversed(body)):
            value = int(digit) * (2 - place % 2)
            total += value - 9 if value > 9 else value
        return body + str(-total % 10)

    def jwt(self) -> str:
        """Signed by nobody."""
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": self.digits(6), "name": "Jana", "exp": 1_900_000_000}]
        made = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
        return ".".join((*made, self.of(URLSAFE, 43)))

    def pem(self, label: str, lines: int) -> str:
        """A block of base64 under its label."""
        body = "\n".join(self.of(B64, 64) for _ in range(lines))
        return f"-----BEGIN {label}-----\n{body}\n{self.of(B64, 30)}==\n-----END {label}-----"


OPENING = "Hello support,\n\nsince the update on Monday our nightly invoice export fails for all 40 users.\n\n"
CLOSING = "\n\nThis blocks our month-end closing, please help.\n\nRegards\nJana Novak\nNordwind Logistik\n"


def text(body: str) -> tuple[str, bytes]:
    """A plain text ticket."""
    return "ticket.txt", f"Subject: Export fails\nFrom: Jana Novak\n\n{OPENING}{body}{CLOSING}".encode()


def subject(body: str) -> tuple[str, bytes]:
    """The secret in the subject, and nowhere else."""
    return "ticket.txt", f"Subject: {body}\nFrom: Jana Novak\n\n{OPENING}{CLOSING}".encode()


def bare(body: str) -> tuple[str, bytes]:
    """Nothing but the words."""
    return "ticket.txt", body.encode()


def markdown(body: str) -> tuple[str, bytes]:
    """A report in Markdown."""
    return (
        "ticket.md",
        f"# Export fails\n\n**Version** 8.4.1\n\n{OPENING}```\n{body}\n```\n\n- [ ] reproduced\n".encode(),
    )


def mail(body: str) -> tuple[str, bytes]:
    """A mail."""
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"] = "Jana Novak <jana@nordwind.example>", "support@vendor.example"
    made["Subject"], made["Date"] = "Export fails", "Mon, 16 Nov 2026 09:12:00 +0100"
    made["Message-ID"] = "<1@nordwind.example>"
    made.set_content(OPENING + body + CLOSING)
    return "ticket.eml", made.as_bytes()


def reply(body: str) -> tuple[str, bytes]:
    """A mail that quotes it."""
    quoted = "\n".join(f"> {line}" for line in body.splitlines())
    return mail(f"still the same.\n\nOn Mon, 16 Nov 2026 at 09:12, Ola Berg <ola@vendor.example> wrote:\n{quoted}\n")


def html(body: str) -> tuple[str, bytes]:
    """A mail in HTML alone."""
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"] = "Jana Novak <jana@nordwind.example>", "support@vendor.example"
    made["Subject"], made["Date"] = "Export fails", "Mon, 16 Nov 2026 09:12:00 +0100"
    made["Message-ID"] = "<2@nordwind.example>"
    escaped = body.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
    made.set_content(f"<html><body><p>Hello,</p><p>our export fails.</p><p>{escaped}</p></body></html>", subtype="html")
    return "ticket.eml", made.as_bytes()


def zendesk(body: str) -> tuple[str, bytes]:
    """A ticket of Zendesk, the secret in an agent's note."""
    comments = [
        {"author_id": 1, "body": OPENING, "public": True, "created_at": "2026-11-16T08:12:00Z"},
        {"author_id": 2, "body": f"From the call:\n{body}", "public": False, "created_at": "2026-11-16T09:12:00Z"},
    ]
    users = [
        {"id": 1, "name": "Jana Novak", "email": "jana@nordwind.example", "role": "end-user"},
        {"id": 2, "name": "Ola Berg", "email": "ola@vendor.example", "role": "agent"},
    ]
    ticket = {"id": 4711, "subject": "Export fails", "requester_id": 1, "created_at": "2026-11-16T08:12:00Z"}
    return "ticket.json", json.dumps({"ticket": ticket, "comments": comments, "users": users}).encode()


def github(body: str) -> tuple[str, bytes]:
    """An issue of GitHub."""
    issue = {
        "number": 12,
        "title": "Export fails",
        "body": f"{OPENING}{body}",
        "user": {"login": "jana-novak"},
        "author_association": "NONE",
        "created_at": "2026-11-16T08:12:00Z",
        "html_url": "https://github.com/vendor/product/issues/12",
        "state": "open",
    }
    return "ticket.json", json.dumps(issue).encode()


Place = Callable[[str], tuple[str, bytes]]


def planted(seed: int = 20261116) -> list[Planted]:
    """All sixty."""
    return [
        Planted(kind, *place(body.replace("§", secrets[0])), secrets)
        for kind, place, body, secrets in _all(Values(seed))
    ]


def _all(v: Values) -> Iterator[tuple[str, Place, str, tuple[str, ...]]]:
    yield from (("password in prose", *one) for one in _prose(v))
    yield from (("password in a file", *one) for one in _files(v))
    yield from (("cloud key", *one) for one in _cloud(v))
    yield from (("service key", *one) for one in _service(v))
    yield from (("code host token", *one) for one in _hosts(v))
    yield from (("chat token", *one) for one in _chat(v))
    yield from (("bearer token", *one) for one in _bearer(v))
    yield from (("basic credentials", *one) for one in _basic(v))
    yield from (("connection string", *one) for one in _connections(v))
    yield from (("private key", *one) for one in _private(v))
    yield from (("card", *one) for one in _cards(v))
    yield from (("session", *one) for one in _sessions(v))
    yield from (("client secret", *one) for one in _client(v))


One = tuple[Place, str, tuple[str, ...]]


def _prose(v: Values) -> list[One]:
    return [
        (text, "You can log in as jana, my password is § (please do not share).", (v.password(),)),
        (mail, "Benutzer: jana.novak, Passwort: §\nDamit können Sie es selbst sehen.", (v.word(),)),
        (zendesk, "Le mot de passe du compte de test est « § ».", (v.password(),)),
        (reply, "La contraseña es § y el usuario es jana.", (v.password(),)),
        (text, "I reset it twice. Login/pw: jana@nordwind.example / §", (v.word(),)),
        (bare, "パスワードは「§」です。エクスポートできません。", (v.password(),)),
    ]


def _files(v: Values) -> list[One]:
    return [
        (markdown, "DB_HOST=db.internal\nDB_PASSWORD=§\nDB_PORT=5432", (v.password(),)),
        (
            github,
            'Our config:\n```json\n{"smtp": {"user": "mailer", "password": "§", "port": 587}}\n```',
            (v.password(),),
        ),
        (text, "<datasource>\n  <user>reporting</user>\n  <password>§</password>\n</datasource>", (v.password(),)),
        (mail, "spring.datasource.username=app\nspring.datasource.password=§\n", (v.of(ALNUM, 16),)),
        (zendesk, "ldap:\n  bind_dn: cn=svc,dc=nordwind\n  bind_password: '§'\n", (v.password(16),)),
    ]


def _cloud(v: Values) -> list[One]:
    aws = "AK" + "IA"
    return [
        (text, "Our access key is § and uploads get 403.", (aws + v.of(string.ascii_uppercase + string.digits, 16),)),
        (markdown, "[default]\naws_secret_access_key = §\nregion = eu-central-1", (v.of(B64, 40),)),
        (mail, "The map key § is refused since Monday.", ("AI" + "za" + v.of(URLSAFE, 35),)),
        (
            zendesk,
            "DefaultEndpointsProtocol=https;AccountName=nordwind;AccountKey=§;EndpointSuffix=core.windows.net",
            (v.of(B64, 86) + "==",),
        ),
        (github, "export AWS_SESSION_TOKEN=§", ("IQoJ" + v.of(B64, 300) + "==",)),
    ]


def _service(v: Values) -> list[One]:
    return [
        (subject, "401 with key § since Monday", ("sk_" + "live_" + v.of(ALNUM, 24),)),
        (text, "We call you with X-Api-Key: § and get 429.", (v.of(HEX, 32),)),
        (
            mail,
            "2026-11-16 08:12:01 ERROR mailer rejected key=§ status=403",
            ("SG" + "." + v.of(URLSAFE, 22) + "." + v.of(URLSAFE, 43),),
        ),
        (zendesk, "Customer's API key: §", (v.of(ALNUM, 40),)),
        (github, 'client = Client(api_key="§")', ("sk-" + "proj-" + v.of(URLSAFE, 48),)),
    ]


def _hosts(v: Values) -> list[One]:
    return [
        (github, "git clone https://§@github.com/nordwind/erp.git fails", ("gh" + "p_" + v.of(ALNUM, 36),)),
        (text, "The pipeline uses § and stops.", ("github" + "_pat_" + v.of(ALNUM, 22) + "_" + v.of(ALNUM, 59),)),
        (mail, "PRIVATE-TOKEN: §", ("gl" + "pat-" + v.of(URLSAFE, 20),)),
        (markdown, "//npm.example.com/:_authToken=§", ("np" + "m_" + v.of(ALNUM, 36),)),
    ]


def _chat(v: Values) -> list[One]:
    digits, capitals = v.digits(12), string.ascii_uppercase + string.digits
    hook = f"T{v.of(capitals, 8)}/B{v.of(capitals, 8)}/{v.of(ALNUM, 24)}"
    return [
        (text, "Our bot (§) posts nothing.", ("xo" + "xb-" + f"{digits}-{v.digits(12)}-{v.of(ALNUM, 24)}",)),
        (
            zendesk,
            "The alert goes to https://hooks.slack.com/services/§ and nothing arrives.",
            (hook,),
        ),
        (mail, "curl https://api.telegram.org/bot§/getUpdates answers 404", (f"{v.digits(10)}:{v.of(URLSAFE, 35)}",)),
        (
            github,
            "webhook = https://discord.com/api/webhooks/§",
            (f"{v.digits(18)}/{v.of(URLSAFE, 68)}",),
        ),
    ]


def _bearer(v: Values) -> list[One]:
    return [
        (markdown, "> GET /v1/invoices HTTP/1.1\n> Authorization: Bearer §\n< HTTP/1.1 401", (v.jwt(),)),
        (text, 'The log says {"level":"error","token":"§","msg":"expired"}', (v.jwt(),)),
        (mail, "GET /export?access_token=§&format=xml 500", (v.of(URLSAFE, 40),)),
        (zendesk, "curl -H 'Authorization: Bearer §' https://api.vendor.example/v1/invoices", (v.of(ALNUM, 32),)),
        (reply, "id_token §", (v.jwt(),)),
    ]


def _basic(v: Values) -> list[One]:
    pair = base64.b64encode(f"jana:{v.password()}".encode()).decode()
    return [
        (markdown, "Authorization: Basic §\nAccept: application/xml", (pair,)),
        (text, "curl -u jana:§ https://api.vendor.example/v1/export returns 500", (v.password(),)),
        (mail, "https://reporting:§@files.nordwind.example/export.xml cannot be opened", (v.of(ALNUM, 14),)),
        (zendesk, "mysql -u root -p§ -h db.internal erp", (v.of(ALNUM, 12),)),
        (text, "wget --user=jana --password=§ https://files.vendor.example/8.4.1.zip", (v.password(),)),
    ]


def _connections(v: Values) -> list[One]:
    return [
        (text, "postgres://app:§@db.internal:5432/erp refuses the connection", (v.of(ALNUM, 16),)),
        (github, "MONGO_URL=mongodb+srv://app:§@cluster0.abcde.mongodb.net/erp?retryWrites=true", (v.of(ALNUM, 18),)),
        (zendesk, "Server=tcp:sql.internal,1433;Database=erp;User Id=sa;Password=§;Encrypt=True", (v.password(),)),
        (markdown, "redis://:§@cache.internal:6379/0", (v.of(HEX, 32),)),
        (mail, "jdbc:oracle:thin:app/§@db.internal:1521:ERP", (v.of(ALNUM, 12),)),
    ]


def _private(v: Values) -> list[One]:
    rsa, ssh = v.pem("RSA " + "PRIVATE KEY", 12), v.pem("OPENSSH " + "PRIVATE KEY", 6)
    pgp, pkcs = v.pem("PGP " + "PRIVATE KEY BLOCK", 8), v.pem("PRIVATE KEY", 10)
    line = rsa.splitlines()[3]
    return [
        (text, f"We use this key for SFTP:\n{rsa}\nand it is refused.", (line, *rsa.splitlines()[1:-1])),
        (reply, f"Here is the key:\n{ssh}", (ssh.splitlines()[2], *ssh.splitlines()[1:-1])),
        (zendesk, pgp, (pgp.splitlines()[4], *pgp.splitlines()[1:-1])),
        (
            github,
            '{"type": "service_account", "private_key": "' + pkcs.replace("\n", "\\n") + '\\n"}',
            (pkcs.splitlines()[5], *pkcs.splitlines()[1:-1]),
        ),
    ]


def _cards(v: Values) -> list[One]:
    visa, master, amex, other = v.card("4", 16), v.card("53", 16), v.card("37", 15), v.card("4", 16)
    spaced = " ".join(visa[i : i + 4] for i in range(0, 16, 4))
    dashed = "-".join(master[i : i + 4] for i in range(0, 16, 4))
    return [
        (text, "You charged my card § twice.", (spaced,)),
        (mail, "Card: §, exp 11/28, CVV 831", (dashed,)),
        (zendesk, f"amex {amex[:4]} {amex[4:10]} {amex[10:]} was refused", (f"{amex[:4]} {amex[4:10]} {amex[10:]}",)),
        (markdown, "charge failed pan=§ code=51", (other,)),
        (text, "Kreditkarte ok, Prüfziffer: §. Die Zahlung wurde abgelehnt.", ("7294",)),
    ]


def _sessions(v: Values) -> list[One]:
    return [
        (markdown, "Cookie: lang=de; JSESSIONID=§; theme=dark", (v.of(HEX, 32).upper(),)),
        (text, "The link https://app.vendor.example/reset-password/§ says expired.", (v.of(URLSAFE, 43),)),
        (
            mail,
            "https://bucket.s3.eu-central-1.amazonaws.com/log.zip?X-Amz-Expires=3600&X-Amz-Signature=§",
            (v.of(HEX, 64),),
        ),
        (zendesk, "The customer read me the verification code: §", (v.digits(6),)),
    ]


def _client(v: Values) -> list[One]:
    return [
        (text, "client_id: nordwind-erp\nclient_secret: §", (v.uuid(),)),
        (mail, "Our webhook signing secret is § and signatures do not match.", ("wh" + "sec_" + v.of(B64, 32),)),
        (github, "const clientSecret = '§';", (v.of(ALNUM, 32),)),
    ]
