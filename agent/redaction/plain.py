"""Plain words as passwords: whether a word of letters alone can be one where a text says what the password is.

`the password is sunshine` names one, `the password is wrong` says something about it. What says something is an
adjective, a participle, an adverb, a pronoun or a noun of signing in: known by a list and by endings, in English,
German, French, Spanish and Portuguese. Whoever has such a word for a password is not protected by these rules.
"""

import re

from agent.readers.wordlist import words

_SAID_OF_IT = words(
    """
    wrong right correct incorrect valid invalid good bad better best worse worst fine great okay well weak weaker
    strong stronger strict simple simpler complex long longer short shorter same different differing new newer old
    older current default empty blank null void missing gone lost broken dead stale fresh unknown known secret public
    private safe unsafe secure insecure hidden visible clear plain cleartext plaintext open closed free full ready
    done over unique identical equal equals random static dynamic temporary permanent optional mandatory necessary
    essential case sensitive insensitive english german french spanish portuguese italian dutch chinese japanese
    numeric alphanumeric ascii unicode latin both either neither true false fake dummy sample example examples
    important relevant irrelevant familiar similar obsolete compliant sufficient insufficient consistent inconsistent
    persistent present absent apparent evident transparent urgent confidential personal special normal usual unusual
    original initial final local global external internal manual automatic generic specific basic cryptic problematic
    authentic tricky easy easier hard harder difficult busy stuck whatever whichever junk garbage nonsense rubbish
    gibberish weird strange odd funny stupid silly incomplete complete inactive unchanged set sent kept held shown
    seen given written stolen forgotten forgot chosen taken found made saved put read reset known told bound built
    typed wrongly stays remains works fails failed failing does doesn doesnt isnt did has have had will would shall
    should must might could cannot cant wont never always ever still again already

    there here it its this that these those what which whose why how when where mine yours ours theirs hers none
    nothing anything something everything somewhere everywhere nowhere above below following next previous later soon
    today yesterday tomorrow then else only also just even about after before again until while since because though
    although however therefore through without within with from into onto over under between against during instead
    please thanks thank sorry hello regards dear maybe perhaps unless except they them their your yours our you she
    him her some many more less most least much enough other another every each first second third last once twice one
    two three four five six seven eight nine ten zero

    fault problem problems issue issues error errors bug cause culprit reason trouble mistake question answer key keys
    password passwords passphrase passcode username usernames user users name names login logon signin signup logout
    account accounts email emails mail phone field fields form forms page pages box window dialog screen button link
    links file files vault manager managers safe keychain hash hashes salt token tokens code codes policy policies
    rule rules requirement requirements text word words phrase phrases value values input output data database server
    servers client clients system systems website site app application device computer laptop mobile network
    production staging development test tests prod prompt prompts string strings number numbers digit digits character
    characters letter letters symbol symbols uppercase lowercase length size option options optional flag parameter
    parameters argument arguments switch setting settings property properties column columns row rows table attribute
    attributes variable variables method function type types class object array list integer boolean char varchar
    required recovery hint hints expiry history strength complexity entropy generator checker tool service services
    plugin module feature features encoding format storage store check checks reuse update updates change changes
    entry entries security support admins administrator administrators customer customers owner owners guest guests
    anyone someone everyone nobody somebody everybody people person colleague colleagues team member members view edit
    show hide copy paste click press enter submit save cancel confirm continue proceed retry close back create delete
    remove select retype repeat expire expires match matches mismatch comply access connect unlock unlock verify
    validate sync description summary details steps status priority environment version expected actual result results
    note notes step comment comments attachment attachments screenshot screenshots yes nope true undefined self args
    kwargs params param request response config env line lines bytes localhost gmail google facebook github gitlab
    microsoft windows android chrome firefox safari outlook icloud keepass bitwarden lastpass dashlane onepassword
    biometrics fingerprint faceid resets authentication missing pending working failing expiring changing resetting
    loading existing checking hashing matching incoming outgoing sharing saving showing looping blocking asking using
    being having

    falsch richtig korrekt inkorrekt gültig ungültig leer unbekannt bekannt nötig unnötig notwendig erforderlich
    sicher unsicher schwach stark neu neue neues neuer alte altes alter lange länger kurz kürzer gleich gleiche anders
    andere identisch verschieden weg fort hier dort nicht kein keine keiner noch schon immer wieder jetzt heute
    gestern morgen defekt kaputt unklar klar okay pflicht folgendes folgende folgender dasselbe dieselbe derselbe
    diese dieser dieses dies damit dabei daher sondern aber oder denn weil wenn nachdem sobald bitte danke leider
    eigentlich vielleicht zwar also bereits nur auch sehr viel mehr unser unsere meine meins deine deins seine ihre
    ihres eure jedes jeder schuld fehler problem ursache grund frage feld felder seite maske knopf taste benutzer
    benutzername nutzer name anmeldung konto konten passwort passwörter kennwort kennwörter manager eingabe wort
    zeichen buchstaben zahlen ziffer ziffern standard rücksetzung zurücksetzen änderung länge richtlinie richtlinien
    ablauf schutz siehe unten oben wie anfrage wunsch werkseinstellung anweisung empfehlung deutsch englisch gewesen
    worden geworden werden wird wurde kann muss soll darf hat haben hatte sein sind waren geht ging funktioniert
    stimmt passt fehlt läuft kommt bleibt steht liegt scheint lautet

    faux fausse bon bonne mauvais mauvaise correct correcte incorrect incorrecte invalide valide vide requis requise
    obligatoire nécessaire inconnu inconnue connu connue différent différente identique nouveau nouvelle ancien
    ancienne faible fort forte long longue court courte trop toujours encore jamais perdu perdue plus moins déjà bien
    mal ici même autre celui celle cela ceci leur notre votre rejetée temporaire provisoire actuel actuelle erreur
    erreurs problème champ page bouton compte comptes utilisateur identifiant motdepasse merci bonjour cordialement
    oui non dans avec sans pour sous mais donc parce quand voici voilà suivant suivante sécurisé

    incorrecta incorrecto correcta correcto válida válido inválida inválido errónea erróneo vacía vacío obligatoria
    obligatorio necesaria necesario desconocida conocida distinta distinto igual misma mismo nueva nuevo vieja viejo
    antigua antiguo débil fuerte segura seguro insegura larga largo corta corto demasiado siempre nunca mala malo
    buena bueno otra otro esta este esto esa ese eso aquella aquí ahora todavía también tampoco pero porque cuando
    donde como para desde hasta sin con sobre gracias hola saludos error problema campo página botón cuenta usuario
    contraseña clave importante secreta secreto única único temporal actual siguiente

    incorreta incorreto correta correto errada errado certa certo vazia vazio obrigatória obrigatório necessária
    necessário diferente mesmo nova novo velha velho antigo fraca fraco curta curto muito sempre outra outro essa esse
    isso isto aquela aqui agora ainda também mas porque quando onde obrigado obrigada olá conta usuário senha senhas
    atual seguinte temporária provisória padrão
    """
)
# Participles, adverbs, and adjectives that are made from verbs: new ones can be made of any verb.
_ENDING = re.compile(
    r"(?:ed|able|ible|ably|ibly|(?<!li)(?<!f)(?<!el)(?<!ol)ly|less|ness|tion|sion|ment|mente|ity|ive|ous|ful|wise|"
    r"lich|bar|sam|los|haft|isch|iert|ieren|ung|heit|keit|"
    r"é|ée|és|ées|ique|iques|eux|euse|"
    r"ad[oa]s?|id[oa]s?|ción|ção|dade|mento)$"
)
_GERMAN_VERBAL = re.compile(
    r"(?:un)?(?:zurück|ab|an|auf|aus|ein|um|über|unter|vor|her|hin|weg|frei|fest)?(?:ge|ver|be|ent|er|zer|miss)"
    r"[a-zäöüß]{2,}(?:t|en)$|[a-zäöüß]{2,}ig$"
)
_NAMES_ONE = re.compile(r"passw|passphr|kennw|pwd|contrase|credential|username|placeholder|your|redacted")
_WORD = re.compile(r"[^\W\d_]+(?:[-.][^\W\d_]+){0,4}")
_CAMEL = re.compile(r"[a-zà-ÿ][A-Z]")


def can_be_password(word: str, *, endings: bool = True, sentence: bool = True) -> bool:
    """Whether a plain word, or some joined by hyphens, can be a password where nothing but the sentence tells.

    `endings`: whether it may be no participle or adverb either; `sentence`: whether "is" stands before it, so that
    something may be going on: expiring, blocking.
    """
    if _WORD.fullmatch(word) is None or (word[0].islower() and _CAMEL.search(word)):
        return False
    low = word.casefold()
    if low in _SAID_OF_IT or _NAMES_ONE.search(low):
        return False
    parts = re.split(r"[-.]", low)
    if len(parts) > 1 and any(part in _SAID_OF_IT for part in parts):
        return False
    last = parts[-1]
    if not endings:
        return True
    return not (sentence and last.endswith("ing")) and not (
        _ENDING.search(last) or (word[0].islower() and _GERMAN_VERBAL.fullmatch(low))
    )


def can_be_phrase(phrase: str) -> bool:
    """Whether words with blanks between them can be a pass phrase: no sentence about one, no label of a form."""
    parts = phrase.split()
    return 2 <= len(parts) <= 8 and len(phrase) <= 60 and all(_phrase_word(part) for part in parts)


def is_sentence(words_of_it: str) -> bool:
    """Whether words with blanks between them say what a password must be."""
    return not _SENTENCE.isdisjoint(words_of_it.casefold().split())


def _phrase_word(word: str) -> bool:
    """Small words do stand in phrases, and what is said of a password or asked for does not."""
    low = word.casefold().strip(".,!?")
    return low in _SMALL or (low.isalnum() and low not in _SAID_OF_IT and not _NAMES_ONE.search(low))


_SENTENCE = words(
    """must should shall is are be least most minimum maximum characters letters digits required please muss sollte
    mindestens zeichen doit caractères debe deve caracteres"""
)
_SMALL = words("went words here four one two three little open long old new fine good free both every")
