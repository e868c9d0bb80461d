"""Two runs side by side: which tickets changed, and whether that is more than chance."""

from evals.figures import figures, in_words
from evals.gate import HIGHER_IS_BETTER, LOWER_IS_BETTER
from evals.report import CONTROLS, counted, percent, suites_of
from evals.runner import Run
from evals.stats import mcnemar


def compare(before: Run, after: Run) -> str:
    """As text, system by system: figures, tickets won and lost, exact McNemar test on the tickets of both."""
    old, new = suites_of(before).by_system, suites_of(after).by_system
    lines: list[str] = []
    for system in (name for name in new if name in old and name not in CONTROLS):
        was = {result.case.id: result for result in old[system]}
        now = {result.case.id: result for result in new[system]}
        both = sorted(set(was) & set(now))
        lines += [f"{system}: {len(both)} tickets in both runs ({len(was)} before, {len(now)} now)", ""]
        a = figures(system, [was[case].scored for case in both])
        b = figures(system, [now[case].scored for case in both])
        for name in (*HIGHER_IS_BETTER, *LOWER_IS_BETTER):
            x, y = getattr(a, name), getattr(b, name)
            if x.n or y.n:
                mark = " " if x == y else "*"
                lines.append(f" {mark} {name:<15} {counted(x):>12} {percent(x):<18} -> {counted(y):>12} {percent(y)}")
        pair = mcnemar([(was[case].scored.decision, now[case].scored.decision) for case in both])
        lines += ["", f"   decision: {pair.only_b} won, {pair.only_a} lost, exact McNemar p = {pair.p:.4f}"]
        for case in both:
            x_right, y_right = was[case].scored.decision, now[case].scored.decision
            x_said, y_said = in_words(was[case].answer), in_words(now[case].answer)
            if x_right != y_right:
                lines.append(f"   {'won ' if y_right else 'lost'} {case}: {x_said} -> {y_said}")
            elif x_said != y_said:
                lines.append(f"   moved {case}: {x_said} -> {y_said} ({'right' if y_right else 'wrong'} both times)")
            if was[case].case.source != now[case].case.source or was[case].case.labels != now[case].case.labels:
                lines.append(f"   {case}: its ticket or its labels changed between the runs")
        lines.append("")
    return "\n".join(lines) if lines else "the runs have no system in common\n"
