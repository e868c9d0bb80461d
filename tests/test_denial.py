"""Denial (policy 2.2): only a negator that governs the quote from outside it. Precision before recall."""

import pytest

from agent.grounding.denial import denied
from agent.grounding.fold import fold_text

DENIED = [
    ("There was no data loss.", "data loss", "data_loss"),
    ("This is not a breach.", "breach", "data_exposure"),
    ("This is not a breach.", "a breach", "data_exposure"),
    ("We have not seen any data exposure.", "data exposure", "data_exposure"),
    ("The service restarted without data loss.", "data loss", "data_loss"),
    ("There is no evidence of unauthorized access.", "unauthorized access", "unauthorized_access"),
    ("There is no evidence that any customer data was exposed.", "customer data was exposed", "data_exposure"),
    ("We found neither corruption nor data loss.", "data loss", "data_loss"),
    ("We never lost data.", "lost data", "data_loss"),
    ("We didn't lose any records.", "lose any records", "data_loss"),
    ("It isn't a security incident.", "security incident", "unauthorized_access"),
    ("The breach was a false alarm.", "breach", "data_exposure"),
    ("False alarm: data loss", "data loss", "data_loss"),
    ("We ruled out data loss.", "data loss", "data_loss"),
    ("Data loss was ruled out.", "Data loss", "data_loss"),
    ("Data loss can be ruled out.", "Data loss", "data_loss"),
    ("Data loss: none", "Data loss", "data_loss"),
    ("Data loss is not the case here.", "Data loss", "data_loss"),
    ("An outage did not occur.", "outage", "service_down"),
    ("The data leak never happened.", "data leak", "data_exposure"),
    ("No errors, crashes or data loss were reported.", "data loss", "data_loss"),
    ("There have been no reports of data loss.", "data loss", "data_loss"),
    ("Nobody lost data.", "lost data", "data_loss"),
    ("The site is not down.", "down", "service_down"),
    ("We are not blocked by this.", "blocked", "work_blocked"),
    ("We do not plan to leave.", "leave", "churn_threat"),
    ("It has not been confirmed as a bug.", "confirmed as a bug", "bug_confirmed"),
    ("We could not reproduce the bug.", "reproduce the bug", "bug_confirmed"),
    ("I don't want to speak to your CEO.", "speak to your CEO", "executive_request"),
    ("This does not look like a bug.", "a bug", "bug_suspected"),
    ("This does not affect all users.", "affect all users", "scope"),
    ("Not all users are affected.", "all users are affected", "scope"),
    ("It is a display problem rather than data loss.", "data loss", "data_loss"),
    ("It is not resolved.", "resolved", "resolved_itself"),
    ("Es gab keinen Datenverlust.", "Datenverlust", "data_loss"),
    ("Es handelt sich nicht um einen Datenverlust.", "Datenverlust", "data_loss"),
    ("Der Export lief ohne Datenverlust.", "Datenverlust", "data_loss"),
    ("Ein Datenverlust ist ausgeschlossen.", "Datenverlust", "data_loss"),
    ("Il n'y a pas de perte de données.", "perte de données", "data_loss"),
    ("Il n'y a aucune perte de données.", "perte de données", "data_loss"),
    ("La migration s'est faite sans perte de données.", "perte de données", "data_loss"),
    ("No hay pérdida de datos.", "pérdida de datos", "data_loss"),
    ("Terminó sin pérdida de datos.", "pérdida de datos", "data_loss"),
    ("No existe ninguna brecha de seguridad.", "brecha de seguridad", "data_exposure"),
    ("Não houve perda de dados.", "perda de dados", "data_loss"),
    ("Terminou sem perda de dados.", "perda de dados", "data_loss"),
    ("Não há nenhum vazamento de dados.", "vazamento de dados", "data_exposure"),
    ("データ損失はありません。", "データ損失", "data_loss"),
    ("データ損失は発生していません。", "データ損失", "data_loss"),
    ("没有数据丢失。", "数据丢失", "data_loss"),
    ("We have seen no\ndata loss since the restart.", "data loss", "data_loss"),
    ("The workaround is not verified.", "verified", "workaround"),
    ("I do not believe there was a data breach.", "data breach", "data_exposure"),
]

NOT_DENIED = [
    ("The export does not work.", "The export does not work", "major_function_broken"),
    ("The export does not work.", "does not work", "major_function_broken"),
    ("It is not only data loss but also a breach.", "data loss", "data_loss"),
    ("Not just data loss, the backups are gone too.", "data loss", "data_loss"),
    ("We did not change anything and the service is down.", "the service is down", "service_down"),
    ("I don't know why, but data is gone.", "data is gone", "data_loss"),
    ("I don't know why our data is gone.", "our data is gone", "data_loss"),
    ("This is not a drill, the site is down.", "the site is down", "service_down"),
    ("This is not a drill, the site is down", "site is down", "service_down"),
    ("Is there no data loss?", "data loss", "data_loss"),
    ("Is there data loss?", "data loss", "data_loss"),
    ("Isn't this a data breach?", "a data breach", "data_exposure"),
    ("We cannot rule out data loss.", "data loss", "data_loss"),
    ("Data loss cannot be ruled out.", "Data loss", "data_loss"),
    ("Data loss has not been ruled out.", "Data loss", "data_loss"),
    ("We can't say there was no data loss.", "data loss", "data_loss"),
    ("The update was not without data loss.", "data loss", "data_loss"),
    ("There is no doubt that data was lost.", "data was lost", "data_loss"),
    ("There is no backup of the lost data.", "lost data", "data_loss"),
    ("No fix for the data loss yet.", "data loss", "data_loss"),
    ("We have no update on the outage.", "outage", "service_down"),
    ("Nobody can log in.", "can log in", "service_down"),
    ("No users can log in.", "users", "scope"),
    ("We cannot export to CSV.", "export to CSV", "major_function_broken"),
    ("We will not renew our contract.", "renew our contract", "churn_threat"),
    ("We have never seen an outage like this.", "an outage", "service_down"),
    ("We never had an outage before.", "an outage", "service_down"),
    ("I have never seen such data loss!", "data loss", "data_loss"),
    ("We did not cause this data loss.", "data loss", "data_loss"),
    ("The data loss was not fixed.", "data loss", "data_loss"),
    ("The outage is not over.", "outage", "service_down"),
    ("The outage is not resolved.", "The outage", "service_down"),
    ("Without the patch, data loss occurs every night.", "data loss occurs", "data_loss"),
    ("There is no error message but the export is broken.", "the export is broken", "major_function_broken"),
    ("There was no warning before the data loss.", "data loss", "data_loss"),
    ("Not sure whether data was lost.", "data was lost", "data_loss"),
    ("It is not clear if customer data was exposed.", "customer data was exposed", "data_exposure"),
    ("Support has not responded; data loss continues.", "data loss continues", "data_loss"),
    ("No reply so far. Data loss continues.", "Data loss continues", "data_loss"),
    ("Nobody told us about the data loss.", "data loss", "data_loss"),
    ("We do not accept data loss.", "data loss", "data_loss"),
    ("Data loss must not happen again.", "Data loss", "data_loss"),
    ("The crash did not happen again after that.", "crash", "bug_suspected"),
    ("We don't have a data loss policy.", "data loss", "data_loss"),
    ("Der Export funktioniert nicht, alle Daten sind verloren.", "alle Daten sind verloren", "data_loss"),
    ("Ich weiß nicht, ob Daten verloren sind.", "Daten verloren", "data_loss"),
    ("Nicht nur Datenverlust, auch ein Ausfall.", "Datenverlust", "data_loss"),
    ("Le site ne marche pas, il y a une perte de données.", "perte de données", "data_loss"),
    ("Pas seulement une perte de données.", "perte de données", "data_loss"),
    ("No solo pérdida de datos.", "pérdida de datos", "data_loss"),
    ("No funciona, hay pérdida de datos.", "pérdida de datos", "data_loss"),
    ("データ損失の原因がわからない。", "データ損失", "data_loss"),
    ("データ損失はありませんか。", "データ損失", "data_loss"),
    ("有没有数据丢失？", "数据丢失", "data_loss"),
    ("We have not been able to work since the outage.", "the outage", "service_down"),
    ("It's not a minor outage.", "outage", "service_down"),
    ("No data loss, but the site is down", "data loss, but the site is down", "service_down"),
    (
        "We have not received a fix for the bug that engineering confirmed.",
        "bug that engineering confirmed",
        "bug_confirmed",
    ),
    ("If this is not fixed we will leave.", "we will leave", "churn_threat"),
    ("If you do not fix it, we will cancel.", "we will cancel", "churn_threat"),
    ("There is no workaround.", "There is no workaround", "workaround"),
    ("We do not want to but we may have to leave.", "may have to leave", "churn_threat"),
    ("Not acceptable: data loss in production.", "data loss", "data_loss"),
    ("We could not recover the lost data.", "lost data", "data_loss"),
    ("We were not informed of the breach.", "the breach", "data_exposure"),
    (
        "Customers should not see other users' data, which is exposed.",
        "other users' data, which is exposed",
        "data_exposure",
    ),
    ("The countdown is not closed.", "closed", "data_loss"),
    ("There is no reason to panic about the outage.", "outage", "service_down"),
    ("We do not know who deleted our data.", "deleted our data", "data_loss"),
    ("No one has fixed the crash.", "the crash", "bug_suspected"),
]


def verdict(sentence: str, quote: str, kind: str) -> bool:
    text, wanted = fold_text(sentence), fold_text(quote)
    place = text.index(wanted)
    return denied(text[:place], wanted, text[place + len(wanted) :], kind)


@pytest.mark.parametrize(("sentence", "quote", "kind"), DENIED)
def test_denied(sentence: str, quote: str, kind: str) -> None:
    assert verdict(sentence, quote, kind)


@pytest.mark.parametrize(("sentence", "quote", "kind"), NOT_DENIED)
def test_not_denied(sentence: str, quote: str, kind: str) -> None:
    assert not verdict(sentence, quote, kind)


def test_there_are_enough_cases() -> None:
    assert len(DENIED) >= 40
    assert len(NOT_DENIED) >= 40


def test_a_question_is_no_denial() -> None:
    assert not denied("is there no ", "data loss", "?", "data_loss")
    assert denied("there is no ", "data loss", ".", "data_loss")


def test_long_text_without_end_is_quick() -> None:
    assert not denied("no " * 200_000, "data", " no" * 200_000, "data_loss")
