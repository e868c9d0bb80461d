"""The word rules of the offline backend, signal by signal: what states it, and what only looks like it."""

from datetime import UTC, datetime

import pytest

from agent.backends.offline import extract
from schemas.ticket import Message, Speaker, Ticket
from schemas.vocabulary import SIGNALS


def ticket(*said: tuple[Speaker, str], subject: str = "Question about our account") -> Ticket:
    """A ticket in the canonical text form: head, then one message for each speaker."""
    text = f"Ticket: T-1\nSubject: {subject}\n"
    messages = []
    for number, (speaker, words) in enumerate(said):
        text += "\n"
        start = len(text)
        text += f"[2026-03-02T{9 + number:02}:00:00] {speaker.capitalize()}:\n{words}\n"
        time = datetime(2026, 3, 2, 9 + number, tzinfo=UTC)
        messages.append(Message(start=start, end=len(text), speaker=speaker, time=time))
    return Ticket(text=text, id="T-1", subject=subject, messages=tuple(messages))


def stated(words: str, speaker: Speaker = "customer") -> set[str]:
    """The signals that the rules find in one message."""
    return {s.signal for s in extract(ticket((speaker, words))).signals if s.state == "stated"}


# signal, speaker, sentence that states it
STATES: tuple[tuple[str, Speaker, str], ...] = (
    ("documented_solution", "support", "This is described in our help center article on webhook retries."),
    ("documented_solution", "support", "There is a guide for exactly this: follow the steps in the admin manual."),
    ("configuration_issue", "support", "The setting 'Allow guests' was turned off for this workspace."),
    ("configuration_issue", "support", "You need to enable the calendar permission for her role."),
    ("configuration_issue", "support", "The mail server was misconfigured on the customer's side."),
    ("configuration_issue", "support", "It's a setting of the board, and somebody else changed it."),
    ("guidance_needed", "customer", "How do I add a second approver to a purchase order?"),
    ("guidance_needed", "customer", "Where can we find the tax report for last year?"),
    ("guidance_needed", "customer", "Could you explain how the roles work?"),
    ("known_limitation", "support", "This is a known limitation of the importer; use the CSV template instead."),
    ("known_limitation", "support", "The editor works as designed here."),
    ("resolved_before_by_support", "support", "We have resolved this before for other schools by resetting the cache."),
    ("resolved_before_by_support", "support", "Similar tickets were solved by support last quarter."),
    ("bug_suspected", "customer", "The chart shows the wrong totals for March."),
    ("bug_suspected", "customer", "After I click Save the page stays blank."),
    ("bug_suspected", "customer", "The app crashes when I rotate the phone."),
    ("bug_suspected", "customer", "The calendar freezes while it loads."),
    ("bug_confirmed", "support", "I was able to reproduce it on a fresh account."),
    ("bug_confirmed", "support", "Engineering confirmed that this is a bug in the parser."),
    ("bug_confirmed", "support", "It is a known bug and a fix is planned."),
    ("bug_tracked", "support", "It is tracked as ENG-4521."),
    ("bug_tracked", "support", "This has already been filed with engineering, see CORE-88, still open."),
    ("code_change_needed", "support", "This requires a code change in the billing service."),
    ("code_change_needed", "support", "It can only be fixed by engineering in the code."),
    ("infrastructure_issue", "support", "The database replica is overloaded since noon."),
    ("infrastructure_issue", "system", "Disk on node 4 is full."),
    ("data_loss", "customer", "All our records from April are gone."),
    ("data_loss", "customer", "We lost three weeks of customer data after the migration."),
    ("data_loss", "customer", "The uploaded files have disappeared."),
    ("data_integrity_risk", "customer", "Payments are being posted to the wrong account."),
    ("data_integrity_risk", "support", "Patient records get merged when two people share a birthday."),
    ("data_integrity_risk", "customer", "The stock levels do not match what we counted."),
    ("service_down", "customer", "The whole platform is down since 8 am."),
    ("service_down", "customer", "Nobody in our company can log in."),
    ("service_down", "system", "Monitor: API unavailable in eu-west."),
    ("major_function_broken", "customer", "We cannot export any report."),
    ("major_function_broken", "customer", "The import fails every time, no matter which file."),
    ("major_function_broken", "customer", "Checkout is completely broken."),
    ("work_blocked", "customer", "Our warehouse is at a standstill because of this."),
    ("work_blocked", "customer", "We cannot run payroll."),
    ("work_blocked", "support", "The customer's go-live is blocked."),
    ("beyond_support_diagnosis", "support", "We could not find the cause with the tools we have."),
    ("beyond_support_diagnosis", "support", "The root cause is unknown to us."),
    ("access_required", "support", "We have no access to the production database."),
    ("access_required", "support", "This needs someone with root access."),
    ("custom_implementation", "customer", "We use a custom integration built by your consultants."),
    ("custom_implementation", "support", "They run a bespoke connector."),
    ("data_exposure", "customer", "I can see invoices of another company in my list."),
    ("data_exposure", "customer", "Our salary documents were publicly accessible."),
    ("data_exposure", "customer", "The report was sent to the wrong customer."),
    ("unauthorized_access", "customer", "Someone logged in to my account from an unknown device."),
    ("unauthorized_access", "customer", "A former employee still has access to our workspace."),
    ("vulnerability_report", "customer", "I found an SQL injection in the search field."),
    ("vulnerability_report", "customer", "By changing the id in the URL one can read every invoice."),
    ("compliance_concern", "customer", "This violates the GDPR."),
    ("compliance_concern", "customer", "We have a legal obligation to report this within 72 hours."),
    ("security_questionnaire", "customer", "Please fill in the attached vendor security questionnaire."),
    ("security_questionnaire", "customer", "Can you send us your SOC 2 report?"),
    ("churn_threat", "customer", "If this is not solved by Friday we will cancel our contract."),
    ("churn_threat", "customer", "We are looking at alternatives."),
    ("churn_threat", "customer", "We will not renew."),
    ("executive_request", "customer", "I want to speak to your director."),
    ("executive_request", "customer", "Our CEO demands a call with your management."),
    ("deal_or_renewal_at_risk", "customer", "Our go-live is on 12 May."),
    ("deal_or_renewal_at_risk", "support", "Their renewal is due next month."),
    ("legal_risk", "customer", "Our lawyers will be in touch."),
    ("legal_risk", "customer", "We are considering legal action."),
    ("pr_risk", "customer", "I will post this on LinkedIn."),
    ("pr_risk", "customer", "A journalist has already called us about it."),
    ("exception_requested", "customer", "Please make an exception to your refund policy."),
    ("exception_requested", "customer", "Could you waive the cancellation fee?"),
    ("cross_functional_decision", "support", "Sales and legal must decide together."),
    ("sla_breached", "support", "The response SLA was missed."),
    ("sla_breached", "system", "SLA status: breached"),
    ("sla_at_risk", "system", "SLA due in 40 minutes."),
    ("sla_at_risk", "support", "We are about to breach the SLA."),
    ("waiting_too_long", "customer", "We have been waiting for three weeks."),
    ("waiting_too_long", "customer", "Nobody has answered us since Monday."),
    ("no_progress", "customer", "We are going in circles, your team keeps asking for the same logs."),
    ("no_progress", "customer", "There is no progress at all."),
    ("repeat_reports", "support", "Four other customers reported the same this week."),
    ("repeat_reports", "support", "We have three similar tickets."),
    ("regression", "customer", "This was fixed in January and now it is back again."),
    ("regression", "customer", "You told us that it had been fixed, yet it happens again."),
    ("worsening", "customer", "It is getting worse every day."),
    ("worsening", "customer", "At first two stores were hit, now it is all of them."),
    ("feature_gap", "customer", "It would be great to have a dark theme."),
    ("feature_gap", "customer", "Please add support for CSV in the importer."),
    ("feature_gap", "customer", "There is no way to filter by owner."),
    ("design_decision_needed", "support", "This needs a product decision."),
    ("workflow_mismatch", "customer", "The approval screen does not fit our process."),
    ("competing_needs", "support", "Other customers want the opposite."),
    ("non_production", "customer", "This is only on our staging system."),
    ("non_production", "customer", "It happens in our sandbox."),
    ("resolved_itself", "customer", "The problem went away, please close the ticket."),
    ("resolved_itself", "customer", "Great, it worked. Thank you!"),
)

# signal that must not be stated, speaker, sentence
DOES_NOT_STATE: tuple[tuple[str, Speaker, str], ...] = (
    ("data_loss", "support", "There was no data loss."),
    ("data_loss", "support", "We have checked: no records were lost."),
    ("data_loss", "customer", "What happens if we lose data?"),
    ("data_loss", "customer", "I accidentally deleted two files, can you bring them back?"),
    ("data_loss", "customer", "I lost patience."),
    ("data_exposure", "support", "This is not a data breach."),
    ("data_exposure", "support", "No customer data was exposed."),
    ("data_exposure", "customer", "The phone app has a memory leak."),
    ("data_exposure", "customer", "Do you have a procedure for a data breach?"),
    ("unauthorized_access", "customer", "The API returns 401 unauthorized."),
    ("unauthorized_access", "support", "There was no unauthorized access."),
    ("bug_confirmed", "support", "I could not reproduce the issue."),
    ("bug_confirmed", "support", "If we can reproduce it, we will tell engineering."),
    ("bug_confirmed", "customer", "I was able to reproduce it three times."),
    ("bug_confirmed", "support", "Could you send us steps to reproduce?"),
    ("bug_tracked", "customer", "My order is tracked as DHL-4455."),
    ("service_down", "customer", "The drop-down menu is slow."),
    ("service_down", "customer", "Please scroll down to the second table."),
    ("service_down", "support", "The platform is not down."),
    ("major_function_broken", "customer", "The export sometimes fails for large files."),
    ("major_function_broken", "customer", "The dashboard opens a little late."),
    ("work_blocked", "customer", "Please unblock this IP address, it is blocked by the firewall."),
    ("work_blocked", "customer", "It is not urgent and nothing is blocked."),
    ("churn_threat", "customer", "How can I cancel a meeting invitation?"),
    ("churn_threat", "customer", "Our customers cancel their subscriptions in the portal."),
    ("churn_threat", "customer", "We do not want to cancel our contract."),
    ("executive_request", "customer", "Your technical lead should look at it."),
    ("executive_request", "customer", "I spoke to our account manager."),
    ("executive_request", "customer", "The package manager fails."),
    ("legal_risk", "customer", "Our legal team needs your DPA."),
    ("pr_risk", "customer", "The LinkedIn integration does not post anything."),
    ("exception_requested", "customer", "The job throws an exception at night."),
    ("sla_breached", "customer", "What is your SLA?"),
    ("waiting_too_long", "customer", "The page keeps waiting for the server."),
    ("no_progress", "customer", "The progress bar stops at 57 %."),
    ("repeat_reports", "support", "No other customers have reported this."),
    ("regression", "customer", "It broke with the last release."),
    ("regression", "customer", "Please try again later."),
    ("feature_gap", "customer", "Please add me to the ticket."),
    ("non_production", "customer", "It works on staging but not in production."),
    ("non_production", "customer", "Both staging and production are hit."),
    ("resolved_itself", "customer", "Please tell us when it is resolved."),
    ("resolved_itself", "customer", "I thought this could be closed but it still fails."),
    ("vulnerability_report", "customer", "When was your last penetration test?"),
    ("compliance_concern", "customer", "Is your product GDPR compliant?"),
    ("security_questionnaire", "customer", "We answered the support question."),
    ("guidance_needed", "customer", "How long will this take?"),
    ("bug_suspected", "customer", "We have been charged twice on the invoice of May."),
    ("bug_suspected", "customer", "The report is fine, there are no errors."),
    ("infrastructure_issue", "support", "The customer's server is overloaded."),
    ("access_required", "customer", "My colleague needs access to the billing page."),
    ("code_change_needed", "support", "No code change is needed."),
    ("worsening", "customer", "We are growing and more users join every month."),
)


@pytest.mark.parametrize(("signal", "speaker", "words"), STATES)
def test_a_sentence_that_states_the_signal(signal: str, speaker: Speaker, words: str) -> None:
    assert signal in stated(words, speaker)


@pytest.mark.parametrize(("signal", "speaker", "words"), DOES_NOT_STATE)
def test_a_sentence_that_only_looks_like_it(signal: str, speaker: Speaker, words: str) -> None:
    assert signal not in stated(words, speaker)


def test_every_signal_of_the_policy_has_an_example() -> None:
    by_other_means = {"secret_in_ticket", "instruction_in_ticket"}  # tested on their own; left to the detector
    assert {signal for signal, _, _ in STATES} == set(SIGNALS) - by_other_means


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("service_down", "Das System ist seit heute früh komplett ausgefallen, niemand kann sich anmelden."),
        ("data_loss", "Seit dem Update sind alle Rechnungen verschwunden."),
        ("data_exposure", "Wir sehen Rechnungen von anderen Kunden."),
        ("churn_threat", "Sonst werden wir den Vertrag kündigen."),
        ("legal_risk", "Unser Anwalt ist informiert."),
        ("bug_suspected", "Die Suche zeigt eine Fehlermeldung."),
        ("service_down", "El sistema está caído y nadie puede entrar."),
        ("data_loss", "Hemos perdido todos los datos de mayo."),
        ("data_exposure", "Vemos facturas de otros clientes."),
        ("churn_threat", "Vamos a cancelar el contrato."),
        ("service_down", "Le site est en panne depuis ce matin."),
        ("data_loss", "Toutes nos factures ont disparu."),
        ("data_exposure", "Nous voyons les dossiers d'autres patients."),
        ("legal_risk", "Notre avocat prendra contact avec vous."),
        ("service_down", "O sistema está fora do ar desde as 8h."),
        ("data_loss", "Perdemos todos os dados de maio."),
        ("churn_threat", "Vamos cancelar o contrato e trocar de fornecedor."),
        ("service_down", "全員がログインできません。システムが停止しています。"),
        ("data_loss", "昨日から顧客のデータが消えました。困っています。"),
        ("data_exposure", "他の会社の請求書が表示されています。確認してください。"),
    ],
)
def test_the_most_important_signals_in_other_languages(signal: str, words: str) -> None:
    assert signal in {s.signal for s in extract(ticket(("customer", words), subject="-")).signals}


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("data_loss", "Es gab keinen Datenverlust, wir möchten nur eine Frage stellen und wissen, wie das geht."),
        ("data_loss", "No hubo pérdida de datos, solo es una pregunta para el equipo."),
        ("data_exposure", "Il n'y a pas de fuite de données, nous voulons seulement une confirmation."),
        ("data_loss", "Não houve perda de dados, é só uma pergunta para a equipe."),
        ("service_down", "システムは停止していません。設定の質問です。"),
    ],
)
def test_denial_in_other_languages(signal: str, words: str) -> None:
    assert signal not in {s.signal for s in extract(ticket(("customer", words), subject="-")).signals}
