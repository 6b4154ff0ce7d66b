"""One preparation in a process of its own, so that its peak of memory is its own; prints its figures as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from cobranza import suite


def main(folder: Path) -> None:
    suite.activate()
    from cobranza.legal.bundle import preparation, prepare
    from cobranza.legal.case_file import read_case
    from cobranza.legal.inputs import Converter
    from cobranza.legal.requirements import requirements
    from cobranza.legal.settings import rate_book

    asked = requirements("es_lexnet")  # without its limit for one filing: to press 70 MiB into 15 is another matter
    free = asked.model_copy(update={"limites": asked.limites.model_copy(update={"por_envio": 0})})
    vars(preparation)["requirements"] = lambda court: free
    start, cpu = time.perf_counter(), _cpu()
    case = read_case(folder / "CASE.toml", rate_book())
    with Converter(folder / "cache") as converter:
        made = prepare(case, folder / "documentos", "es_lexnet", folder / "out", converter=converter)
    print(
        json.dumps(
            {
                "wall": round(time.perf_counter() - start, 2),
                "cpu": round(_cpu() - cpu, 2),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "peak_worker_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
                "pages": made.pages,
                "pdfa": made.review_pdfa,
                "blocking": [each.text for each in made.objections][:5],
            }
        )
    )


def merge(folder: Path) -> None:
    """The raw merge of the same pages by pikepdf, and our merge and stamps without PDF/A, both saved; CPU seconds."""
    suite.activate()
    import pikepdf

    from cobranza.legal.bundle.assembly import Part, merged

    sources = sorted((folder / "cache").rglob("*.pdf"))
    sources = [each for each in sources if "view" not in each.name]
    figures = {}
    for name in ("raw", "ours"):
        best = float("inf")
        for _ in range(3):
            cpu = _cpu()
            with pikepdf.new() as pdf:
                if name == "raw":
                    opened = [pikepdf.open(each) for each in sources]
                    for each in opened:
                        pdf.pages.extend(each.pages)
                    pdf.save(folder / "raw.pdf")
                    for each in opened:
                        each.close()
                else:
                    parts = [
                        Part(key=str(place), bookmark=each.stem, source=each) for place, each in enumerate(sources)
                    ]
                    with merged(parts) as (pdf_ours, _):
                        pdf_ours.save(folder / "ours.pdf")
            best = min(best, _cpu() - cpu)
        figures[name] = round(best, 2)
    with pikepdf.open(folder / "raw.pdf") as pdf:
        figures["pages"] = len(pdf.pages)
    print(json.dumps(figures))


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    {"prepare": main, "merge": merge}[sys.argv[1]](Path(sys.argv[2]))
