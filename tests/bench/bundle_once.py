"""One preparation in a process of its own; prints its figures as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from cobranza import suite
from tests.bench import memory


def main(folder: Path) -> None:
    suite.activate()
    from cobranza.legal.bundle import preparation, prepare
    from cobranza.legal.case_file import read_case
    from cobranza.legal.inputs import Converter
    from cobranza.legal.requirements import requirements
    from cobranza.legal.settings import rate_book

    asked = requirements("es_lexnet")
    # Two of its limits are no part of what is measured: 70 MiB cannot be pressed into 15, and 60 sources with the writ,
    # the index, the account and the record of contacts are 64 files of the 60 that it takes. All others stand.
    limits = asked.limites.model_copy(update={"por_envio": 0, "ficheros": 0})
    free = asked.model_copy(update={"limites": limits})
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
                "peak_mib": memory.high_water(),
                "pages": made.pages,
                "pdfa": made.review_pdfa,
                "blocking": [each.text for each in made.objections],
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
