"""Secrets that no shape gives away: plain words as passwords, places in tables, other writings of a secret."""

import base64
import json
import re
import urllib.parse
from html import escape

import pytest

from agent.redaction.find import find_secrets
from agent.redaction.ticket import redact
from schemas.redaction import Replaced
from schemas.ticket import Ticket
from tests.harmless import SENTENCES
from tests.planted import ALNUM, B64, HEX, URLSAFE, Values

V = Values(11)


def found_in(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find_secrets(text)]


def test_what_is_said_about_passwords_is_no_password() -> None:
    assert {sentence: found for sentence in SENTENCES if (found := found_in(sentence))} == {}
    assert len(SENTENCES) > 150


@pytest.mark.parametrize(
    "written",
    [
        "The password is «bluebell».",
        "My password is «bluebell» and it does not let me in.",
        "the password for the portal is «bluebell»",
        "My password's «bluebell» by the way",
        "the p/w is «bluebell»",
        "You can log in as jana@nordwind.example with password «bluebell»",
        "login jana, password «bluebell»",
        "I typed «bluebell» as the password",
        "I use «bluebell» for my password",
        "You may use the password '«bluebell»' for testing",
        "The password (it is «bluebell») is rejected",
        "The password you sent me («Bluebell77») does not work",
        "the new password, «Bluebell7», does not work either",
        "password «Bluebell99» does not work",
        "The root password was reset to «Bluebell2023» this morning.",
        "I set the password, then changed it to «Bluebell2023».",
        "Passwords I tried: «Bluebell20», «Tulip2021» and «Crocus22»",
        "log in with admin / «bluebell»",
        "Sign in with jana@nordwind.example / «bluebell1»",
        "password: «bluebell», user: jana",
        "Password: <b>«bluebell»</b>",
        "<tr><td>Password</td><td>«bluebell»</td></tr>",
        'Password: "«blue bells»"',
        "passphrase: «four blue bells rang»",
        "Das Passwort ist «Glockenblume».",
        "Mein Passwort lautet «schmetterling» und ich komme nicht rein.",
        "Ich habe das Passwort auf «Herbstlaub» geändert",
        "Le mot de passe est «coquelicot»",
        "le mdp c'est «coquelicot»",
        "La contraseña es «amapola»",
        "la clave es «amapola7»",
        "Minha senha é «papoula» e dá erro.",
        "user=jana password=«bluebell» host=db",
        "https://nordwind.example/in?user=jana&password=«bluebell»&x=1",
        "Server=db;User ID=sa;Password=«bluebell»;Encrypt=true",
        "DB_ROOT_PASSWORD: «toor»",
        "java -Dpassword=«petunia» -jar x.jar",
        "wget --user=jana --password «bluebell» https://nordwind.example",
        "«» " + "db.nordwind.example:5432:shop:app:«bluebell»",
        "*:*:*:postgres:«blue-bell»",
        "machine git.nordwind.example\n  login jana\n  password «bluebell»",
        "| user | password |\n|---|---|\n| jana | «blue-bell» |\n| ola | «snowdrop» |",
        "user\tpassword\njana\t«Bluebell»",
        "user,password,role\njana,«bluebell»,admin",
        "INSERT INTO users (id, name, password) VALUES (4, 'jana', '«bluebell»'), (5, 'ola', '«snowdrop»');",
        "CREATE USER jana IDENTIFIED BY '«bluebell»';",
        "CREATE ROLE app LOGIN PASSWORD '«bluebell»';",
        "ssh-keygen -t rsa -N '«blue bells»' -f id_rsa",
        "ldapsearch -D cn=admin -w «bluebell» -b dc=x",
        "sqlplus jana/«bluebell»@orcl",
        "echo '«bluebell»' | sudo -S reboot",
        "smbclient //srv/share -U jana%«bluebell»",
        "mysqladmin -u root password '«bluebell»'",
        "keytool -list -storepass «bluebell»",
        "curl --user 'jana:«my blue bells»' https://nordwind.example",
        "db.connect('db1', 'root', '«bluebell»')",
        "http -a jana:«bluebell» GET nordwind.example",
    ],
)
def test_a_plain_word_is_found_where_only_a_password_can_stand(written: str) -> None:
    text = written.replace("«» ", "")
    parts = text.replace("»", "«").split("«")
    assert found_in("".join(parts)) == parts[1::2]


def test_a_long_plain_word_is_replaced_at_its_other_places_and_a_short_one_is_not() -> None:
    made = redact(Ticket(text="Password: bluebell\nI typed bluebell.\nPassword: tulip\nThe tulip stays."))
    assert made.ticket.text == "Password: [pw-1··]\nI typed [pw-1··].\nPassword: [s2·]\nThe tulip stays."


SECRET = 'Kr"an&ich/17+ü'


@pytest.mark.parametrize(
    "form",
    [
        urllib.parse.quote(SECRET, safe=""),
        re.sub("%..", lambda sign: sign[0].lower(), urllib.parse.quote(SECRET, safe="")),
        urllib.parse.quote(urllib.parse.quote(SECRET, safe="")),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        escape(SECRET),
        escape(SECRET).encode("ascii", "xmlcharrefreplace").decode(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(f"jana:{SECRET}".encode()).decode().rstrip("="),
        SECRET.encode().hex(),
        SECRET[:3] + "\u200b" + SECRET[3:9] + "\u00ad" + SECRET[9:],
    ],
)
def test_another_writing_of_a_secret_goes_too_is_not_counted_and_comes_back(form: str) -> None:
    raw = Ticket(text=f"It is refused.\npassword='{SECRET}'\nlog: got {form} from 40 users")
    made = redact(raw)
    assert form not in made.ticket.text
    assert made.ticket.text.startswith("It is refused.\npassword='[password-1··]'\nlog: got [")
    assert made.ticket.text.endswith("] from 40 users")
    assert len(made.ticket.text) == len(raw.text)
    assert made.ticket.redacted == (Replaced(kind="password", count=1),)
    assert made.vault.restored(made.ticket).text == raw.text
    assert redact(made.ticket).ticket == made.ticket


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("q=password%3Dmagpie77%26user%3Djana", "magpie77"),
        ("password=&quot;heather7&quot;", "heather7"),
        ("pass\u00adword: gold\u00adfinch", "gold\u00adfinch"),
        ("ghp_\u200b" + "a1B2" * 9, "ghp_\u200b" + "a1B2" * 9),
        (
            '{"auth":"' + base64.b64encode(b"robot:bluebell").decode() + '"}',
            base64.b64encode(b"robot:bluebell").decode(),
        ),
    ],
)
def test_a_secret_is_found_through_another_writing(text: str, secret: str) -> None:
    assert found_in(text) == [secret]


def test_a_private_key_in_base64_or_without_its_first_line() -> None:
    lines = [V.of(B64, 64) for _ in range(3)]
    body = "\n".join(lines)
    coded = base64.b64encode(f"-----BEGIN PRIVATE KEY-----\n{body}".encode()).decode()
    assert found_in(f"tls.key: {coded}\n") == [coded]
    assert found_in(f"cut off:\n{body}\n-----END RSA PRIVATE KEY-----\n") == [f"{body}\n"]
    assert found_in("-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----") == []


def test_codes_in_a_row_and_words_in_a_row() -> None:
    codes = ["1a2b3-c4d5e", "f6g7h-i8j9k", "abcde-fghij"]
    assert found_in("Backup codes:\n" + "\n".join(codes) + "\nThanks") == codes
    assert found_in("2FA recovery codes: 9294c085, c7eefc4f, 0433ff78 and no more") == [
        "9294c085",
        "c7eefc4f",
        "0433ff78",
    ]
    assert found_in("The OTP 771203 expired, the SMS code 44 81 93 too") == ["771203", "44 81 93"]
    phrase = "ripple ladder basket ocean pistol velvet garden monster hockey umbrella canyon tunnel"
    assert found_in(f"my seed phrase: {phrase}.") == [phrase]
    seed = "wafd hc3g ghic 4v35 4ii3 zkoy icln l2gu"
    assert found_in(f"2FA setup key {seed} fails") == [seed]


@pytest.mark.parametrize(
    "number",
    [
        "4539\u00a01488\u00a00343\u00a06467",
        "4539\u20091488\u20090343\u20096467",
        "4539–1488–0343–6467",
        "4539  1488  0343  6467",
        "card 4539.1488.0343.6467",
        "".join(chr(0xFF10 + int(digit)) for digit in "4539148803436467"),
    ],
)
def test_a_card_in_any_script_and_with_any_blanks(number: str) -> None:
    assert found_in(f"refund {number} please") == [number.removeprefix("card ")]


def test_a_card_over_two_lines_and_the_code_behind_it() -> None:
    assert found_in("> 4539 1488\n> 0343 6467 is it") == ["4539 1488", "0343 6467"]
    assert found_in("Visa 4539 1488 0343 6467, 12/27, 829") == ["4539 1488 0343 6467", "829"]
    assert found_in("4539 1488 0343 6467 was charged 120 times") == ["4539 1488 0343 6467"]


def test_a_token_that_a_mail_broke_at_the_end_of_a_line() -> None:
    token = "ghp_" + V.of(ALNUM, 36)
    begins, rest = token[:25], "aB3" + token[28:]
    assert found_in(f"> it is {begins}\n> {rest} and fails") == [begins, rest]
    assert found_in(f"it is {begins}\nand the export fails") == [begins]


@pytest.mark.parametrize(
    "value",
    [
        "ATBB" + V.of(ALNUM, 32),
        "gsk_" + V.of(ALNUM, 52),
        "r8_" + V.of(ALNUM, 37),
        "pplx-" + V.of(ALNUM, 48),
        "NRAK-" + V.of(ALNUM, 27).upper(),
        "lin_api_" + V.of(ALNUM, 40),
        "ntn_" + V.of(ALNUM, 46),
        "pat" + V.of(ALNUM, 14) + "." + V.of(HEX, 64),
        "pat-eu1-" + V.uuid(),
        "dp.pt." + V.of(ALNUM, 43),
        "dapi" + V.of(HEX, 32),
        "rubygems_" + V.of(HEX, 48),
        "figd_" + V.of(ALNUM, 40),
        "rzp_live_" + V.of(ALNUM, 14),
        "access-sandbox-" + V.uuid(),
        "ab1" + "8Q~" + V.of(URLSAFE, 34),
        "pbkdf2_sha256$260000$" + V.of(ALNUM, 22) + "$" + V.of(ALNUM, 43) + "=",
        "$apr1$" + V.of(ALNUM, 8) + "$" + V.of(ALNUM, 22),
    ],
)
def test_keys_that_say_whose_they_are(value: str) -> None:
    assert found_in(f"we use {value} since Monday") == [value]
