"""Sentences that speak of passwords, codes, keys and cards without telling one: nothing in them is replaced."""

ENGLISH = """
The password is wrong.
The password is wrong, although I copied it from the manager.
My password is incorrect and I am locked out.
password reset is broken
Password: required
The password field is empty.
The password is never accepted.
Password is too short.
The password is expired.
My password is not working since Monday.
The new password is the same as the old one.
The password is case-sensitive.
The password is unchanged, but the login fails.
The password is unusable.
The password is visible.
The password is stored as plaintext.
The password was changed yesterday.
The password was reset.
The password was reset to the default.
The password was set to expire.
The password has been set to expire in 90 days.
I reset my password to continue.
The password is gone.
The password is ours.
Password is mandatory, please enter one.
The password is German.
Is the password broken?
Your password is about to expire.
The password must be at least 12 characters.
Please enter your password again.
Enter password to continue
The passwords do not match.
All passwords are hashed.
Passwords are weak, tokens are better.
Forgot password does not work
Password recovery fails with error 500.
I use the same password as before.
I use it as my password.
I tried everything as a password hint.
I used my e-mail address as the password.
We log in with password authentication.
We log in with password managers.
Users sign in with password and token.
The user, password and role are in the table.
Log in with Google / Facebook fails.
Sign in with SSO / SAML does not work.
Log in on iOS / Android is slow.
Login via OAuth2 / OpenID is broken.
Please log in at https://app.acme.example/login2 first.
The login page / password form is blank.
password: string
password: <your password>
"password": null
"password": ["This field is required."]
"password": "must be at least 8 characters"
password=${DB_PASSWORD}
password = getpass()
password=user.password
self.password = password
type="password" name="password"
The token is invalid.
The token is missing.
The token expired after 3600 seconds.
Your API key is valid.
The secret is out.
The API key is active again.
The PIN is wrong.
PIN pad 2 is broken.
Pin 4 of the connector is bent.
The verification code never arrives.
The verification code is wrong.
Backup codes are not shown.
Recovery codes: not generated yet
The one-time code expired after 30 seconds.
My card was declined.
The security code is missing on the form.
The passphrase is empty.
The passphrase is asked for twice.
The credentials are wrong.
The credentials are correct, yet the login fails.
Credentials: see the vault
The credentials expired.
The pass is not accepted at the gate.
We pass context to the function.
The password policy is strict: 12 characters, one digit.
The password screen, version 8.4.1, is blank.
Password strength: weak
Password status: unchanged
Password protected: yes
Two-factor: on, password: unchanged, account: locked
Password (new) and password (again) differ.
The password (twice) is asked for.
The password, however, is correct.
Change password, then sign out.
The wifi password is printed below.
The password you sent me does not work.
The password for the portal is wrong.
The password for our ERP is unknown.
The password of the account is missing.
Our passwords are synchronised from Active Directory.
Is it possible that the password is cached?
The page shows "password" and "confirm".
Click on "Reset password" twice.
The option --password is ignored.
With --password the tool crashes.
""".strip().splitlines()
GERMAN = """
Das Passwort ist falsch.
Das Passwort ist abgelaufen.
Mein Passwort ist nicht mehr gültig.
Das Kennwort ist leer.
Das Passwort ist unverändert, aber die Anmeldung schlägt fehl.
Das Passwort wurde zurückgesetzt.
Das Passwort ist zu kurz.
Das Passwort ist gesperrt.
Das Passwort ist sichtbar.
Passwort: erforderlich
Passwort: siehe Mail
Passwort vergessen funktioniert nicht.
Bitte setzen Sie mein Passwort zurück.
Ich habe das Passwort auf Anfrage geändert.
Ich habe das Passwort gestern geändert.
Das Passwortfeld ist leer.
Das neue Passwort ist identisch.
Mit dem Passwort komme ich nicht rein.
Die Zugangsdaten sind falsch.
Die PIN ist falsch.
Der Bestätigungscode ist abgelaufen.
Anmeldung mit Benutzername / Passwort geht nicht.
Das Passwort ist Pflicht.
Das Kennwort war richtig.
Das Passwort ist bekannt.
""".strip().splitlines()
FRENCH = """
Le mot de passe est incorrect.
Le mot de passe est expiré.
Mon mot de passe est oublié.
Le mot de passe est trop court.
Le mot de passe est obligatoire.
Mot de passe : obligatoire
Mot de passe oublié ne marche pas.
Le mot de passe a été changé hier.
J'ai changé le mot de passe en vain.
Le mot de passe est refusé.
Le mot de passe est identique.
Le champ mot de passe est vide.
Le code de vérification est faux.
Les identifiants sont corrects.
Le mot de passe est valide.
""".strip().splitlines()
SPANISH = """
La contraseña es incorrecta.
La contraseña está vencida.
La contraseña es obligatoria.
Mi contraseña es correcta, pero no entro.
La contraseña es demasiado corta.
Contraseña: obligatoria
La clave es correcta.
La palabra clave es importante.
Cambié la contraseña a tiempo.
La contraseña es rechazada.
El código de verificación no llega.
La contraseña era válida.
""".strip().splitlines()
PORTUGUESE = """
A senha está incorreta.
A senha é obrigatória.
A senha é inválida.
Minha senha é correta.
A senha foi alterada ontem.
Senha: obrigatória
A senha é muito curta.
Mudei a senha para continuar.
O código de verificação não chega.
A senha expirada foi trocada.
""".strip().splitlines()
SENTENCES = (*ENGLISH, *GERMAN, *FRENCH, *SPANISH, *PORTUGUESE)
