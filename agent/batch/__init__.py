"""Many tickets at once: sources of tickets, a run folder that loses nothing, two ways to ask a model, results.

sources.py      a folder, JSONL, CSV or mbox, one item at a time: folder.py, lines.py, table.py, mbox.py,
                which joins the mails of a thread by threads.py
columns.py      which column is which part of a ticket; rows.py makes the ticket of them
keys.py         names of items, printable and each one once
run_folder.py   the database of a run: what was asked, answered and decided
road.py         one ticket's road on stored answers, to its next unanswered call or to its end
work.py         the tickets that have no result yet; walking.py walks them here, or in processes beside this
                one (beside.py)
live.py         calls at once, as many as the server bears
deferred.py     calls by the vendor's Message Batches, at half the price and some time later: chunk.py gathers
                requests, submissions.py keeps what was given, vendor_batches.py speaks with the vendor,
                batch_answers.py stores what comes back
results.py      JSONL, CSV and the summary; restored.py gives them the originals of what was replaced
overview.py     the page
prices.py       what models cost: prices.toml, or the user's own table
estimate.py     what a run would take, before it is paid
progress.py     how far it is, while it runs
"""
