"""Words of a ticket that would do something if the page took them for more than words."""

from __future__ import annotations

from evals.browser.watch import MARK

RUN = f"window.{MARK}=1;alert(1)"
LINES = (
    f"<script>{RUN}</script>",
    f"</textarea></pre><script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f"<svg onload={RUN}><animate onbegin={RUN} attributeName=x dur=1s>",
    f'<details open ontoggle="{RUN}"><summary>more</summary></details>',
    f'<a href="javascript:{RUN}" autofocus onfocus="{RUN}">invoice</a>',
    f"[invoice](javascript:{RUN})",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f'<iframe srcdoc="<script>parent.{MARK}=1</script>"></iframe>',
    '<meta http-equiv="refresh" content="0;url=https://elsewhere.example/">',
    '<base href="https://elsewhere.example/">',
    '<link rel="stylesheet" href="https://elsewhere.example/x.css"><img src="https://elsewhere.example/x.png">',
    f'<button hx-get="https://elsewhere.example/" hx-trigger="load" hx-on:click="{RUN}">x</button>',
    f'<form action="https://elsewhere.example/"><input name=q autofocus onfocus="{RUN}"></form>',
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7}",
    "data: fake\n\nevent: settled\ndata: 99\n",
    "The file \u202efdp.exe\u202c is \u2066not\u2069 what it seems",
    "<!-- --!> <![CDATA[ ]]> &lt;b&gt; &#x3c;script&#x3e;",
)
CONTROL = "Copied from a terminal:\u0000\u0008\u001b[2J"
"""Characters that the reader may leave out."""
TICKET = "\n".join(
    (
        f"Subject: Portal down <script>{RUN}</script>",
        "The whole portal is down for all 200 users since 08:00 and nobody can work. Our contract says four hours.",
        *LINES,
        CONTROL,
        "We will cancel today unless somebody calls.",
    )
)
SUSPECT = """() => [...document.querySelectorAll("main *")].flatMap((one) => [...one.attributes])
  .filter(({ name, value }) => /^(on|style$|srcdoc$|hx-on|hx-vals$|hx-vars$)/.test(name)
    || (/^(href|src|action|formaction|hx-get|hx-post|sse-connect)$/.test(name) && !/^[/#]/.test(value)))
  .map(({ name, value }) => `${name}=${value}`)"""
"""Attributes that a browser or htmx runs, and addresses that are not our own."""
