"""Fifty more ways in which tickets hold a secret, and all are by now.

The list was written after the first detector and before it had seen it: 33 of 50 were found then.
"""

import base64

import pytest

from agent.redaction.vault import Vault
from tests.planted import ALNUM, HEX, Values

V = Values(7)
JWT = V.jwt()

# § stands for a password as a careful person makes one.
PASSWORDS = (
    "Password:\n§\n\nThanks",
    "| User | jana |\n| Password | § |",
    '"body": "{\\"user\\":\\"jana\\",\\"password\\":\\"§\\"}"',
    "hasło to §",
    "пароль: §",
    "密码是§",
    "비밀번호는 § 입니다",
    "la password è §",
    "het wachtwoord is §",
    "the password is: §",
    "user jana pw - §",
    "password → §",
    "creds: admin/§",
    "Login with admin:§ works on staging",
    "docker login -u jana -p § registry.example",
    "PGPASSWORD=§ psql -h db",
    "machine ftp.example login jana password §",
    '<connection user="jana" password="§" host="db"/>',
    "- name: DB_PASSWORD\n  value: §",
    "WLAN-Schlüssel: §",
    "I changed my password from § to something else",
    "tried password '§' and got 401",
    "ftp://jana:§@files.example:21/out",
    "amqp://jana:§@1@mq.internal:5672",
    "Username: jana\nPassword : §",
    "User/Pass: jana/§",
    "net use Z: \\\\srv\\share /user:jana §",
    "New-Object PSCredential('jana', (ConvertTo-SecureString '§' -AsPlainText))",
    "smtp.auth('jana', '§')",
)
OTHERS = (
    ("Password: §\nUser: jana", "bluehorse"),
    ('passphrase: "§"', "correct horse battery staple 9"),
    ("kubectl --token § get pods", V.of(ALNUM, 40)),
    ("VAULT_TOKEN=§", "s." + V.of(ALNUM, 24)),
    ("C: AUTH PLAIN §", base64.b64encode(f"\0jana\0{V.password()}".encode()).decode()),
    ('<add key="ApiKey" value="§"/>', V.of(ALNUM, 32)),
    ("otpauth://totp/vendor:jana?secret=§&issuer=vendor", V.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32)),
    ("My PIN is §.", "4821"),
    ("Backup codes:\n§\n1234-5678", f"{V.digits(4)}-{V.digits(4)}"),
    ("https://nordwind.blob.core.windows.net/x?sv=2022-11-02&sp=r&sig=§", f"%2F{V.of(ALNUM, 40)}%3D"),
    ("Set-Cookie: sid=§; Path=/; HttpOnly", V.of(ALNUM, 40)),
    ("jana:§", "$2y$10$" + V.of(ALNUM, 53)),
    ("token: §", V.uuid()),
    ("x-api-key §", V.uuid()),
    ("SECRET_KEY_BASE=§", V.of(HEX, 64)),
    ("DJANGO_SECRET_KEY = '§'", V.of(ALNUM, 44)),
    ("apikey=§", V.of(ALNUM, 32)),
    ("?api_key=§&x=1", V.of(ALNUM, 32)),
    ("Authorization: §", JWT),
    ("db.internal:5432:erp:app:§", V.password()),
    (f"wrapped:\n§\n{JWT[60:]}", JWT[:60]),
)


@pytest.mark.parametrize(("passage", "secret"), [*((one, V.password()) for one in PASSWORDS), *OTHERS])
def test_the_secret_is_gone(passage: str, secret: str) -> None:
    written = passage.replace("§", secret)
    concealed = Vault().conceal(written)
    assert len(concealed) == len(written)
    assert secret not in concealed
    assert len(secret) < 8 or secret[2:-1] not in concealed
