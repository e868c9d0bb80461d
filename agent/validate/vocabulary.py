"""Capitalised words that are nobody's name: ours, the calendar's, the trade's."""

_OWN = """
escalation severity target impact issue description reproduction steps expected actual environment missing tried
customer communication last update expectation risk needed deadline leadership supporting context ticket tickets
reporter date unknown not applicable critical high medium low within sla breached at workflow revenue affected
observed potentially containment far urgency business decision logs errors timeline use case frequency request
competitive pressure investigate fix decide approve engineering engineer engineers product security support l1
l2 l3 tier team teams nothing none
"""
_CALENDAR = """
january february march april may june july august september october november december jan feb mar apr jun jul
aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur
thurs fri sat sun am pm utc gmt cet cest est edt cst cdt mst mdt pst pdt bst ist jst aest aedt eet eest et pt ct
mt easter christmas eod cob eta asap
"""
_TRADE = """
api apis arr mrr ui ux url urls uri http https html css json xml csv tsv pdf pdfs sql sdk cli crm erp sso saml
oauth mfa otp id ids uuid ip ips tls ssl tcp dns cdn vpn vm vms os db dba etl qa ci cd pr prs sre rca poc kb ok
faq gdpr hipaa soc iso pci dpa dsgvo nda sow mou po roi kpi ceo cto cfo coo ciso cio vp svp evp hr csm cs am tam
ae se pm pms tl p0 p1 p2 p3 p4 s1 s2 s3 s4 sev1 sev2 sev3 2fa i ii iii us uk eu de en fr es pt email e-mail
internet web wi-fi wifi english german french spanish portuguese japanese mr mrs ms dr re fwd fw cc bcc n/a tbd
fyi ps etc vs gb mb kb tb ram cpu gpu unicode ascii utf base64 regex cron boolean null nan pc pcs
"""
_PLAIN = """
not only all no never must before after both every any none yes and or but do does if then also now today please
reported confirmed unconfirmed see internal attached pending open closed next note workaround action ask account
manager success sales finance legal privacy
operations management executive director lead head chief customer-facing production staging sandbox
"""
ORDINARY = frozenset((_OWN + _CALENDAR + _TRADE + _PLAIN).split())

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    # In these languages capitals mark nouns or are too rare to tell names by; names are then not checked.
    "de": frozenset(
        ("der", "die", "das", "und", "nicht", "ist", "wir", "mit", "für", "ein", "eine", "den", "zu", "auf")
    ),
}
