"""Office containers (DOCX, XLSX) with the same bytes for the same content: no moment of packing, no clock inside."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

_DAY = (1980, 1, 1, 0, 0, 0)
_MOMENT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def steady(content: bytes, on: date) -> bytes:
    """The container `content` packed anew in a fixed order, its properties dated `on`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            part = source.read(name)
            if name == "docProps/core.xml":
                part = _MOMENT.sub(rb"\g<1>" + f"{on.isoformat()}T00:00:00Z".encode("ascii") + rb"\g<2>", part)
            info = zipfile.ZipInfo(name, _DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, part)
    return out.getvalue()
