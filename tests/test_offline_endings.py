"""What ends a problem, or answers it, and what only sounds like it: a wrong end keeps an outage in support."""

from datetime import UTC, datetime

import pytest

from agent.backends.offline import extract
from schemas.report import FactsReport
from schemas.ticket import Message, Speaker, Ticket

OUTAGE = {
    "en": "The portal is down since 7:30. Nobody in our company can log in.",
    "de": "Das Portal ist seit 7:30 ausgefallen und niemand kann sich anmelden.",
    "fr": "Le portail est en panne depuis 7h30 et personne ne peut se connecter.",
    "es": "El portal está caído desde las 7:30 y nadie puede entrar.",
    "pt": "O portal está fora do ar desde as 7h30 e ninguém consegue entrar.",
    "ja": "今朝からシステムが停止していて、全員がログインできません。",
}


def ticket(*said: tuple[Speaker, str]) -> Ticket:
    """One message for each speaker, in the canonical text form."""
    text, messages = "Ticket: T-1\n", []
    for number, (speaker, words) in enumerate(said):
        text += "\n"
        start = len(text)
        text += f"[2026-03-02T{9 + number:02}:00:00] {speaker.capitalize()}:\n{words}\n"
        time = datetime(2026, 3, 2, 9 + number, tzinfo=UTC)
        messages.append(Message(start=start, end=len(text), speaker=speaker, time=time))
    return Ticket(text=text, id="T-1", messages=tuple(messages))


def report(*said: tuple[Speaker, str]) -> FactsReport:
    return extract(ticket(*said))


def ended(found: FactsReport) -> bool:
    """Whether anything is reported to be over, or taken back."""
    return any(s.signal == "resolved_itself" or s.state == "withdrawn" for s in found.signals)


C: Speaker = "customer"
S: Speaker = "support"

NO_END: tuple[tuple[Speaker, str], ...] = (
    # apologies and courtesies
    (S, "Hello, I am sorry for the trouble. We are looking into it."),
    (S, "Hi, sorry to hear that. We are looking into it."),
    (S, "Sorry for the inconvenience, our engineers are on it."),
    (S, "Our apologies, this was our mistake."),
    (S, "I am sorry, that was our error."),
    (S, "That is our fault, we apologise."),
    (C, "Sorry for the noise in my first mail, I was in a hurry."),
    (C, "Sorry for the trouble I cause you with this."),
    (C, "Thanks, that was fast."),
    (C, "Thank you, that helps me to explain it to my boss."),
    (S, "All good, no need to apologise."),
    (C, "All good, take your time, we wait."),
    (C, "Everything else is fine."),
    # corrections of something else
    (C, "Never mind the date, it is still broken."),
    (S, "Never mind the date, it is still broken."),
    (C, "Never mind the typo in the subject."),
    (C, "Forget about the screenshot, it was the wrong one."),
    (C, "Please ignore the attachment."),
    (C, "You can ignore the capitals."),
    (C, "Please ignore my previous message about the invoice."),
    (C, "Please disregard the second log."),
    (C, "Sorry, my mistake: the version is 8.4.1."),
    (C, "It was my mistake that I attached the wrong file."),
    (C, "I was mistaken about the time, it began at 7:10."),
    (C, "I was wrong about the number of users, it is 340."),
    (C, "I take back what I said about your colleague."),
    (C, "I take back the disgrace."),
    (C, "Scratch that, it is 340 users, not 34."),
    (C, "The ticket I mentioned is no longer the right one."),
    # found something, not its end
    (C, "I found the error in the log: ORA-00600."),
    (C, "We found the problem appears only on Mondays."),
    (C, "We figured out the cause: your load balancer."),
    (C, "I found the source of the error in your documentation."),
    (S, "We found the cause and are working on a fix."),
    (S, "We have found the mistake in our deployment."),
    (S, "Found it, the certificate has expired."),
    # closing something else, or for another reason
    (S, "Please mark this as urgent internally."),
    (C, "Our login page shows an error for all of us. Please close the loop with me by phone."),
    (C, "Please close the gap soon."),
    (C, "Please close the security hole behind it, too."),
    (C, "Do not close this ticket."),
    (C, "Please don't mark this as resolved."),
    (C, "You keep closing my ticket."),
    (C, "You closed the ticket without an answer."),
    (C, "Please close this ticket, we will cancel the contract and move to a competitor."),
    (C, "Please close this ticket only when everybody can log in."),
    (S, "We will close this ticket if we do not hear from you."),
    (S, "Please close the case, the customer has not answered."),
    (S, "Resolving this issue as the reporter has not followed up."),
    (S, "The ticket can be closed once the fix is deployed."),
    (C, "Please close the window of your chat first."),
    # hopes, plans, questions, conditions
    (C, "I hope it works again soon."),
    (C, "We need it to work again by noon."),
    (C, "When will it work again?"),
    (C, "Is the problem solved?"),
    (C, "Please tell us when the outage is over."),
    (C, "Please let us know as soon as the problem is fixed."),
    (C, "If it is resolved today we will not complain."),
    (C, "I want this fixed now."),
    (C, "Get this sorted out."),
    (C, "This must be resolved now."),
    (S, "The issue should be resolved shortly."),
    (S, "It should work again in an hour."),
    (S, "The problem will be fixed in the next release."),
    (S, "The problem may be gone now."),
    (S, "We think the problem is resolved."),
    (S, "It looks like the error is gone."),
    (S, "Can you check whether it works again?"),
    (S, "Has the problem been resolved?"),
    (S, "Could you confirm that the issue is fixed?"),
    # denials and relapses
    (C, "The problem is not solved."),
    (C, "It isn't fixed."),
    (C, "Nothing works now."),
    (C, "It has stopped working again."),
    (C, "The error is back again."),
    (C, "The error came back."),
    (C, "It worked again for ten minutes."),
    (C, "It worked until 9 and then it was down again."),
    (C, "The restart helped for a few minutes."),
    (C, "It works again, but then it logs us out."),
    (C, "The problem was fixed in March and is here again."),
    (C, "The last outage was resolved within an hour."),
    (S, "A similar issue was resolved last month."),
    (S, "The previous incident was fixed by the network team."),
    (C, "The issue was resolved in version 8.3."),
    (C, "You said that it works again, it does not."),
    (C, "Your status page says the problem is resolved, nobody here can work."),
    (C, "I thought this was solved."),
    (C, "It never worked again."),
    # for some, in part, for now
    (C, "It works again for Anna, but not for the others."),
    (C, "It works again only in Safari."),
    (C, "The login works again sometimes."),
    (C, "It is partly working again."),
    (C, "It seems to be working again for now."),
    (C, "The portal is up again, although very few can log in."),
    (C, "Some of us can log in again, most still cannot."),
    (C, "None of us can log in again."),
    (C, "It works now in the old version."),
    (S, "It works on my machine."),
    (S, "It works fine in our test account."),
    # what is gone is not the problem
    (C, "Our data is gone."),
    (C, "All our contacts are gone now."),
    (C, "The button is gone."),
    (C, "Our patience is over."),
    (C, "The deadline is over now."),
    (C, "On the screen it's there, in the PDF it's gone."),
    # what looks like a false alarm or a cleared suspicion
    (C, "This is not a false alarm."),
    (C, "At first we thought it was a false alarm."),
    (C, "Your monitor raises a false alarm every night, too."),
    (C, "Another false alarm from your sensor would be nice, this one is real."),
    (S, "It turned out to be a bug in our release."),
    (S, "It turned out that our deployment broke the login."),
    (S, "We checked: no data was lost."),
    (C, "Yesterday it was not a problem."),
    (C, "It was not an issue before the update."),
    # a second hundred
    (C, "We got it working on one laptop."),
    (C, "I can log in again but my colleagues can't."),
    (C, "It's fine now in the office in Graz, Vienna is still down."),
    (C, "Thanks for closing the other ticket."),
    (C, "The issue we had on Monday was solved, this is a new one."),
    (C, "That's fixed now, next: nobody can log in."),
    (C, "Please reopen, the error is not gone."),
    (C, "We have restarted the router, the modem works again, your portal does not."),
    (C, "Our internet is back up, the portal is not."),
    (C, "The phone line works again so you can call me."),
    (C, "Wi-Fi is up and running again. The portal remains down."),
    (C, "I see the portal is back to its old look."),
    (C, "The old problem is back."),
    (C, "We are back to square one."),
    (C, "The login page is back but it shows an error."),
    (C, "Our CEO is back from holiday now and wants a call."),
    (C, "Is everything working again on your side?"),
    (C, "It would be great if it worked again today."),
    (C, "I don't care whether it works again tomorrow."),
    (C, "We fixed the date in our first mail."),
    (C, "I could log in again yesterday for a second."),
    (C, "What do we do until it works again?"),
    (C, "The workaround worked until noon."),
    (C, "Your suggestion has not worked."),
    (C, "Your suggestion worked only for one user."),
    (C, "That worked last week."),
    (C, "It worked yesterday."),
    (C, "I tried your fix. That did not help."),
    (C, "This was my fault? I don't think so."),
    (C, "It was not our mistake."),
    (C, "It was our mistake to buy this product."),
    (C, "Please close all sessions of our users."),
    (C, "Please mark it as Critical."),
    (C, "Please mark my words: we will leave."),
    (C, "You can close your eyes to it, but nobody can work."),
    (C, "I closed the browser and opened it again, same error."),
    (C, "All is not well."),
    (C, "Nothing is fine now."),
    (C, "The monitoring says all systems operational. That's wrong."),
    (C, "The green light on your status page is back, that's all."),
    (C, "It is no longer acceptable."),
    (C, "We no longer have access."),
    (C, "It no longer starts."),
    (C, "The app no longer opens."),
    (C, "The problem no longer concerns only us."),
    (C, "The error doesn't appear in your log, but we see it."),
    (C, "The error doesn't appear on your side?"),
    (C, "The error did not appear before the update."),
    (C, "The error appears again and again."),
    (C, "Ignore this ticket and you'll lose a customer."),
    (C, "I withdraw my trust."),
    (C, "Consider this resolved? Certainly not."),
    (C, "Resolved? No."),
    (C, "Fixed? Not at all."),
    (C, "Done with waiting, I want a manager."),
    (C, "Sorry, I forgot the log."),
    (C, "False alarm aside, this time it's real."),
    (S, "I'm sorry this isn't fixed yet."),
    (S, "We've fixed the typo in the status message."),
    (S, "I have restarted the service, please check."),
    (S, "A fix has been deployed to staging."),
    (S, "Please try again now."),
    (S, "Could you please try whether it works now?"),
    (S, "Let me know once it's working again."),
    (S, "Our monitoring shows no errors."),
    (S, "We will get it up and running again."),
    (S, "Engineering is working on it now."),
    (S, "The team is working again on the database."),
    (S, "The on-call engineer is back online."),
    (S, "The status page is up again."),
    (S, "I am back from lunch and on it now."),
    (S, "We are fine now with the information you gave."),
    (S, "The database is being restored."),
    (S, "Your access request has been resolved in another ticket."),
    (S, "Our last maintenance is over."),
    (S, "It was not our fault."),
    (S, "No customer data was lost."),
    (S, "We have verified that no data was exposed."),
    (S, "Good news: we have found the error."),
    (S, "We resolved the naming question with sales."),
    (S, "Ticket can be closed after confirmation by the customer."),
    (S, "The incident has been resolved for EU customers, yours is US."),
    (S, "Works for me."),
    (S, "It works for us here."),
    (S, "The problem is solved by restarting the service."),
    (S, "The problem is solved by a patch in 8.5."),
)

NO_END_ELSEWHERE: tuple[tuple[str, Speaker, str], ...] = (
    ("de", S, "Es tut uns leid, das war unser Fehler, wir arbeiten daran."),
    ("de", S, "Entschuldigen Sie die Störung, wir kümmern uns darum."),
    ("de", C, "Der Fehler ist nicht behoben."),
    ("de", C, "Wann wird der Fehler behoben?"),
    ("de", C, "Bitte das Ticket nicht schließen."),
    ("de", C, "Wir hoffen, dass es bald wieder funktioniert."),
    ("de", C, "Das geht jetzt wieder nicht."),
    ("de", C, "Es funktioniert wieder, aber nur bei mir."),
    ("de", S, "Es stellte sich heraus, dass unsere Daten beschädigt sind."),
    ("de", C, "Wir haben uns in der Version geirrt, es ist 8.4."),
    ("de", S, "Das Problem sollte morgen behoben sein."),
    ("de", C, "Das letzte Problem wurde schnell gelöst."),
    ("de", C, "Das ist kein Fehlalarm."),
    ("fr", S, "Désolé pour la gêne, c'était notre erreur."),
    ("fr", C, "Le problème n'est pas résolu."),
    ("fr", C, "Quand le problème sera-t-il résolu ?"),
    ("fr", C, "Le problème doit être résolu aujourd'hui."),
    ("fr", C, "Cela ne marche toujours pas maintenant."),
    ("fr", S, "L'erreur s'est avérée grave."),
    ("fr", C, "Ne fermez pas ce ticket, merci."),
    ("fr", C, "Ce n'est pas une fausse alerte."),
    ("fr", C, "Cela fonctionne à nouveau mais seulement pour moi."),
    ("es", S, "Disculpe las molestias, fue un error nuestro."),
    ("es", C, "El problema no está resuelto."),
    ("es", C, "Quiero que sea solucionado hoy."),
    ("es", C, "Los usuarios no pueden cerrar la caja."),
    ("es", S, "Resultó ser un fallo grave del servidor."),
    ("es", C, "No es una falsa alarma."),
    ("es", C, "Ya funciona, pero solo para mí."),
    ("es", C, "Espero que el problema se haya resuelto mañana."),
    ("pt", S, "Desculpe o transtorno, foi um erro nosso."),
    ("pt", C, "O problema não foi resolvido."),
    ("pt", C, "Não podem fechar o mês por causa disso."),
    ("pt", C, "Quando o problema será resolvido?"),
    ("pt", C, "Não é um alarme falso."),
    ("pt", C, "Já voltou o erro."),
    ("ja", S, "ご迷惑をおかけして申し訳ございません。こちらのミスでした。"),
    ("ja", C, "早く解決したいです。"),
    ("ja", C, "問題はまだ解決していません。"),
    ("ja", C, "いつ復旧しますか？"),
    ("ja", C, "アプリを閉じていただく必要がありますか。"),
    ("ja", C, "以前の問題は解決しました。"),
)

END: tuple[tuple[Speaker, str], ...] = (
    (C, "The problem went away, please close the ticket."),
    (C, "It works again."),
    (C, "It's working again now, thank you."),
    (C, "Everything is back to normal."),
    (C, "The portal is up and running again."),
    (C, "The error has disappeared since this morning."),
    (C, "The problem is gone."),
    (C, "The issue no longer occurs."),
    (C, "The problem resolved itself."),
    (C, "We can log in again."),
    (C, "All of us can work again."),
    (C, "Solved, it was our proxy."),
    (C, "The cause was our own firewall."),
    (C, "Resolved. Thanks."),
    (C, "We have solved the problem ourselves."),
    (C, "You can close this ticket."),
    (C, "This ticket can be marked as resolved."),
    (C, "Please close."),
    (C, "Never mind, it works now."),
    (C, "All good now, thanks."),
    (C, "Great, it worked. Thank you!"),
    (C, "That solved it, thanks a lot."),
    (C, "The service is back online."),
    (S, "The outage is over, the service has been restored."),
    (C, "The portal works again, thank you very much."),
    (C, "All fine again since 9 o'clock."),
    (C, "It is up again."),
    (C, "Login works again for everyone."),
    (C, "We are back online."),
    (C, "The error went away after lunch."),
    (C, "No more errors since your restart, please close the ticket."),
    (C, "You may close the case."),
    (C, "The issue is fixed now, thanks."),
    (C, "It has been working normally again since Tuesday."),
    (C, "Sorry, our mistake, it was our own firewall."),
    (C, "Problem solved."),
    (C, "It solved itself."),
    (C, "Works now, thanks!"),
    (C, "Working again."),
    (C, "Sorry for the noise, it works again."),
    (C, "Thanks, that did the trick."),
    (C, "Your tip helped, thanks."),
    (S, "The customer confirmed that it works again."),
    (S, "All systems are back to normal."),
    (S, "The issue has been resolved."),
    (S, "The issue was resolved at 10:40."),
    (S, "The portal is working again since 10:40."),
    (S, "Everything is back up."),
    (C, "False alarm, sorry."),
    (S, "We checked: it was a false alarm."),
    (C, "It turned out to be a misunderstanding."),
    (C, "That was my mistake."),
    (C, "I was mistaken."),
    (C, "Please ignore this ticket."),
)

END_ELSEWHERE: tuple[tuple[str, Speaker, str], ...] = (
    ("de", C, "Das Problem hat sich erledigt."),
    ("de", C, "Es funktioniert wieder, danke."),
    ("de", S, "Die Störung ist behoben."),
    ("de", C, "Sie können das Ticket schließen."),
    ("de", C, "Das war ein Fehlalarm."),
    ("de", C, "Das war unser eigener Fehler."),
    ("fr", C, "Le problème est résolu, merci."),
    ("fr", C, "Cela fonctionne à nouveau."),
    ("fr", S, "La panne est terminée, le service est rétabli."),
    ("fr", C, "Vous pouvez fermer le ticket."),
    ("fr", C, "C'était une fausse alerte."),
    ("es", C, "El problema se ha solucionado."),
    ("es", C, "Ya funciona, gracias."),
    ("es", C, "Pueden cerrar el ticket."),
    ("es", C, "Fue una falsa alarma."),
    ("pt", C, "O problema foi resolvido."),
    ("pt", C, "Já está funcionando, obrigado."),
    ("pt", C, "Podem fechar o chamado."),
    ("pt", C, "Foi um alarme falso."),
    ("ja", C, "問題は解決しました。ありがとうございます。"),
    ("ja", S, "システムは復旧しました。"),
    ("ja", C, "本件はクローズしていただいて構いません。"),
    ("ja", C, "こちらの操作ミスでした。"),
)

NO_ANSWER: tuple[tuple[Speaker, str], ...] = (
    (S, "It works on my machine."),
    (S, "It works fine in our test account."),
    (S, "It works with the latest version here."),
    (S, "Unfortunately we cannot reproduce this."),
    (S, "Unfortunately I can't see the error in the log."),
    (S, "Currently we do not know the cause."),
    (S, "In the meantime you can send us the log file."),
    (S, "For now you can reach me by phone."),
    (S, "In the meantime you can follow the status page."),
    (S, "We are looking for a workaround to keep you going."),
    (S, "We are working on a workaround for this."),
    (S, "Do you need a workaround?"),
    (S, "Is there a workaround for this?"),
    (S, "There is no workaround for this."),
    (S, "We have no workaround at the moment."),
    (S, "A workaround would be nice."),
    (S, "You need to enable debug logging and send us the output."),
    (S, "Please enable debug logging and send us the log."),
    (S, "Please grant us access to your account."),
    (S, "Please allow us two days to look into it."),
    (S, "Please update the URL of the screenshot, it is dead."),
    (S, "The priority is set to high."),
    (S, "The ticket is set to pending."),
    (S, "Please see the documentation on how to report a bug."),
    (S, "Please read the guide on how to collect logs."),
    (S, "The docs do not cover this."),
    (S, "Could you send us the article that you followed?"),
    (S, "Which article did you follow?"),
    (S, "I will check the documentation."),
    (S, "This is not a configuration problem."),
    (S, "Your settings look right."),
    (S, "The permission was correct."),
    (S, "We have checked your configuration: it is fine."),
    (S, "I have checked the settings in your account, they are all right."),
    (S, "This is not by design."),
    (S, "This is not the expected behaviour."),
    (S, "It is not a known limitation."),
    (S, "Unfortunately I cannot help you with this."),
    (S, "Unfortunately, we can't offer a date."),
    (S, "Currently the team is busy, we cannot give an estimate."),
    (S, "We have not seen this before."),
    (S, "Have you seen this before?"),
    (S, "We have resolved this ticket's category."),
    (S, "The fix is described in the release notes of the next version."),
    (S, "You can find the status at https://status.example.com/support."),
    (S, "See https://support.example.com/tickets/12 for the status."),
    (S, "Follow this ticket for news."),
    (S, "Please check the spam folder for our mail."),
    (S, "It is a limitation of my account that I cannot see your data."),
    (S, "At the moment I can't tell you more."),
    (S, "The maximum is 30 days for us to answer."),
    (S, "Try again later."),
    (S, "Which browser do you use?"),
    (S, "Please add a screenshot."),
    (S, "You have to wait for the next release."),
    (S, "You need to install the app again? Did you?"),
    (S, "You just need to have patience."),
    (C, "Is there a workaround?"),
    (C, "We need a workaround."),
    (C, "We have found no workaround."),
    (C, "The workaround in your article does not work."),
    (C, "As a workaround we type everything by hand."),
    (C, "It works in the old version."),
    (C, "It works on the test system but not in production."),
    (C, "Everything in the settings is right."),
    (C, "Is it possible to get a call?"),
    (C, "Is it possible that you look at it today?"),
    (C, "How can this happen?"),
    (C, "How can I reach you?"),
    (C, "Is there any news?"),
    (C, "Can you tell me how long it takes?"),
    (C, "Where can I complain?"),
    (C, "I followed the steps in the article, no change."),
    (C, "How do I escalate this?"),
    (C, "Can we have a call?"),
)

ANSWER: tuple[tuple[Speaker, str], ...] = (
    (S, "You need to enable the calendar permission for her role."),
    (S, "Please follow the steps in our help center article on rounding."),
    (S, "This is a known limitation of the report."),
    (S, "In the meantime you can export the report as CSV."),
    (S, "As a workaround use the old report: the workaround is described in the manual."),
    (S, "We have resolved this before for other schools by resetting the cache."),
)
ANSWERS = {
    "documented_solution",
    "configuration_issue",
    "guidance_needed",
    "known_limitation",
    "resolved_before_by_support",
}


def answered(found: FactsReport) -> bool:
    """Whether the ticket has what keeps it in support (policy 4, HND)."""
    signals = {s.signal for s in found.signals if s.state == "stated"} & ANSWERS
    return bool(signals) or any(w.value in {"documented_untried", "verified"} for w in found.workarounds)


FAULT = "The PDF export of the monthly report shows wrong totals, the sum of March is doubled."


@pytest.mark.parametrize(
    ("language", "words", "kept"),
    [
        ("de", "Wir prüfen Ihre Konfiguration.", False),
        ("de", "Sie müssen das Debug-Protokoll einrichten und uns schicken.", False),
        ("de", "Wir sehen in der Dokumentation nach.", False),
        ("de", "Das ist ein Konfigurationsproblem.", True),
        ("fr", "Vous devez activer les journaux et nous les envoyer.", False),
        ("fr", "C'est un problème de configuration.", True),
        ("es", "Debe activar los registros y enviarlos.", False),
        ("es", "Es un problema de configuración.", True),
        ("pt", "Precisa ativar os logs e enviar para nós.", False),
        ("pt", "É um problema de configuração.", True),
    ],
)
def test_answers_in_other_languages(language: str, words: str, kept: bool) -> None:
    assert answered(report((C, OUTAGE[language]), (S, words))) is kept


@pytest.mark.parametrize(("speaker", "words"), NO_ANSWER)
def test_words_that_answer_nothing(speaker: Speaker, words: str) -> None:
    assert not answered(report((C, FAULT), (speaker, words)))


@pytest.mark.parametrize(("speaker", "words"), ANSWER)
def test_words_that_answer(speaker: Speaker, words: str) -> None:
    assert answered(report((C, FAULT), (speaker, words)))


@pytest.mark.parametrize(("speaker", "words"), NO_END)
def test_words_that_end_no_outage(speaker: Speaker, words: str) -> None:
    assert not ended(report((C, OUTAGE["en"]), (speaker, words)))


@pytest.mark.parametrize(("language", "speaker", "words"), NO_END_ELSEWHERE)
def test_words_that_end_no_outage_in_other_languages(language: str, speaker: Speaker, words: str) -> None:
    assert not ended(report((C, OUTAGE[language]), (speaker, words)))


@pytest.mark.parametrize(("speaker", "words"), END)
def test_words_that_end_an_outage(speaker: Speaker, words: str) -> None:
    assert ended(report((C, OUTAGE["en"]), (speaker, words)))


@pytest.mark.parametrize(("language", "speaker", "words"), END_ELSEWHERE)
def test_words_that_end_an_outage_in_other_languages(language: str, speaker: Speaker, words: str) -> None:
    assert ended(report((C, OUTAGE[language]), (speaker, words)))


@pytest.mark.parametrize(
    ("language", "advice", "thanks"),
    [
        ("en", "As a workaround you can set the colour to none.", "Great, it worked. Thanks."),
        ("en", "There is a workaround for this: set the field to empty.", "That did the trick."),
        ("en", "Please apply the workaround of the manual.", "Your suggestion helped, thank you."),
        ("de", "Applying the workaround from the manual helps.", "Das hat funktioniert, danke."),
        ("fr", "Applying the workaround from the manual helps.", "Cela a fonctionné, merci."),
        ("es", "Applying the workaround from the manual helps.", "La solución funcionó, gracias."),
        ("pt", "Applying the workaround from the manual helps.", "Deu certo, obrigado."),
        (
            "ja",
            "Applying the workaround from the manual helps.",
            "ご案内の方法でうまくいきました。ありがとうございます。",
        ),
    ],
)
def test_thanks_for_a_workaround_verify_it_and_end_nothing(language: str, advice: str, thanks: str) -> None:
    found = report((C, OUTAGE[language]), (S, advice), (C, thanks))
    assert [w.value for w in found.workarounds][-1] == "verified"
    assert not ended(found)


@pytest.mark.parametrize(
    "words", ["It worked yesterday.", "It worked, but only once.", "Did it work?", "That never worked."]
)
def test_no_thanks_verify_no_workaround(words: str) -> None:
    found = report((C, OUTAGE["en"]), (S, "Please apply the workaround of the manual."), (C, words))
    assert "verified" not in [w.value for w in found.workarounds]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("We checked: no records were lost.", {"data_exposure", "service_down"}),
        ("We verified that no data was leaked.", {"data_loss", "service_down"}),
        ("It was a false alarm.", set()),
    ],
)
def test_what_was_checked_is_taken_back_and_nothing_else(words: str, kept: set[str]) -> None:
    found = report(
        (C, "The portal is down. All our records are gone. I can see invoices of another company."), (S, words)
    )
    taken = {s.signal for s in found.signals if s.state == "withdrawn"}
    assert {"data_loss", "data_exposure", "service_down"} - taken == kept


def test_an_end_that_the_same_message_contradicts_is_none() -> None:
    assert not ended(report((C, OUTAGE["en"]), (C, "It works again. No, it is still down for all of us.")))


def test_nobody_elses_words_end_a_problem() -> None:
    assert not ended(
        report((C, OUTAGE["en"]), (C, "Your colleague wrote:\n> The issue has been resolved.\nNobody can log in."))
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("The window freezes at random. We cannot open any report.", "bug_suspected"),
        ("The export hangs every now and then. For us that is unusable.", "bug_suspected"),
        ("The export hangs sometimes. Since Monday we cannot export at all.", "major_function_broken"),
        ("Sometimes I work at night. We cannot export any report.", "major_function_broken"),
        ("Die Anwendung stürzt gelegentlich ab. Wir können die Rechnungen nicht exportieren.", "bug_suspected"),
        ("L'application plante parfois. Nous ne pouvons pas exporter les factures.", "bug_suspected"),
        ("A veces la aplicación da un error. No podemos exportar las facturas.", "bug_suspected"),
        ("Às vezes aparece um erro. Não conseguimos exportar as faturas.", "bug_suspected"),
        ("時々エラーが出ます。検索ができません。", "bug_suspected"),
    ],
)
def test_what_fails_now_and_then_is_not_broken_altogether(words: str, expected: str) -> None:
    faults = {s.signal for s in report((C, words)).signals} & {"bug_suspected", "major_function_broken"}
    assert faults == {expected}


HARMS = {
    "service_down": OUTAGE["en"],
    "data_loss": "All our records from April are gone.",
    "data_exposure": "I can see invoices of another company in my list.",
    "unauthorized_access": "Someone logged in to my account from an unknown device.",
}
NO_DENIAL: tuple[tuple[str, Speaker, str], ...] = (
    ("service_down", C, "The system is not down for everyone, only for our company."),
    ("service_down", C, "It is not just the portal, the API is down too."),
    ("service_down", C, "It is not our network, we checked that."),
    ("service_down", C, "No, the portal is not available, as I said."),
    ("service_down", C, "There is no outage on your status page."),
    ("service_down", C, "Your status page shows no outage."),
    ("service_down", C, "This is not a complete outage of the internet, it is your portal."),
    ("service_down", C, "Why is there no outage notice?"),
    ("service_down", C, "I do not believe that there is no outage."),
    ("service_down", C, "It is not down at night, only in office hours."),
    ("service_down", C, "The maintenance page is not the problem."),
    ("service_down", C, "We are not offline, our internet works."),
    ("service_down", S, "I see no outage on our status page yet."),
    ("service_down", S, "We have no outage report from other customers."),
    ("service_down", S, "Is the portal not available at all?"),
    ("service_down", S, "We could not find an outage in the monitoring so far."),
    ("service_down", S, "We can't rule out an outage."),
    ("service_down", S, "We are not sure whether there is an outage."),
    ("service_down", S, "There is no planned outage today."),
    ("data_loss", C, "We have not deleted anything."),
    ("data_loss", C, "It is not only April, May is gone too."),
    ("data_loss", C, "No data was lost in the old system."),
    ("data_loss", C, "I hope no data is lost."),
    ("data_loss", C, "Nobody told us that data could be lost."),
    ("data_loss", C, "We cannot afford data loss."),
    ("data_loss", C, "Please confirm that no data is lost."),
    ("data_loss", C, "Is no data lost?"),
    ("data_loss", S, "I hope no data was lost."),
    ("data_loss", S, "We do not know yet whether data was lost."),
    ("data_loss", S, "We have not found the lost data yet."),
    ("data_loss", S, "We will make sure that no more data is lost."),
    ("data_loss", S, "No further data was lost since then."),
    ("data_loss", S, "So far no data was lost in other accounts."),
    ("data_loss", S, "Was any data lost?"),
    ("data_loss", S, "We do not think that data was lost."),
    ("data_exposure", C, "We have not shared this with anyone."),
    ("data_exposure", C, "We did not open the invoices."),
    ("data_exposure", C, "I am not saying that our data was exposed, but theirs is."),
    ("data_exposure", C, "No other data was exposed as far as I can see."),
    ("data_exposure", S, "We do not know yet whether data was exposed."),
    ("data_exposure", S, "No passwords were exposed."),
    ("data_exposure", S, "We hope no other data was exposed."),
    ("unauthorized_access", C, "It was not me."),
    ("unauthorized_access", C, "It was none of my colleagues."),
    ("unauthorized_access", C, "I do not know this device."),
    ("unauthorized_access", C, "No one here was logged in at that time."),
    ("unauthorized_access", S, "We have not verified yet whether it was unauthorized access."),
    ("unauthorized_access", S, "It was not one of our staff."),
    ("data_loss", S, "We verified so far that no records of other accounts were lost."),
)
DENIAL: tuple[tuple[str, Speaker, str], ...] = (
    ("data_loss", S, "No data was lost."),
    ("data_loss", S, "We have checked: no records were lost."),
    ("data_loss", C, "Sorry, no data was lost."),
    ("data_exposure", S, "No customer data was exposed."),
    ("data_exposure", S, "This was not a data breach, it is your own sister company."),
    ("unauthorized_access", S, "There was no unauthorized access."),
    ("unauthorized_access", C, "It was no unauthorized access, it was my own phone."),
)


@pytest.mark.parametrize(("signal", "speaker", "words"), NO_DENIAL)
def test_a_denial_that_hopes_or_speaks_of_a_part_takes_nothing_back(signal: str, speaker: Speaker, words: str) -> None:
    found = report((C, HARMS[signal]), (speaker, words))
    assert {s.state for s in found.signals if s.signal == signal} == {"stated"}


@pytest.mark.parametrize(("signal", "speaker", "words"), DENIAL)
def test_a_plain_denial_takes_back_what_stood_before(signal: str, speaker: Speaker, words: str) -> None:
    found = report((C, HARMS[signal]), (speaker, words))
    assert [s.state for s in found.signals if s.signal == signal][-1] == "withdrawn"


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("Seit dem Update sind alle Rechnungen verschwunden.", "Wir hoffen, dass keine Daten verloren gegangen sind."),
        ("Hemos perdido todos los datos de mayo.", "Esperamos que no haya pérdida de datos."),
        ("Toutes nos factures ont disparu.", "Nous espérons qu'il n'y a pas de perte de données."),
        ("Perdemos todos os dados de maio.", "Esperamos que não haja perda de dados."),
        ("昨日から顧客のデータが消えました。困っています。", "今のところデータは消えていません。"),
    ],
)
def test_a_hope_takes_nothing_back_in_other_languages(harm: str, words: str) -> None:
    assert not ended(report((C, harm), (S, words)))
