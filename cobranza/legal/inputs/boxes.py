"""ZIP containers (DOCX, XLSX): looked at before anything in them is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cobranza.legal.inputs.verdict import MIB, InputLimits, reject


def check(file: Path, limits: InputLimits) -> None:
    """Let through only a container whose members say, and keep, bounded sizes and honest names.

    Raises:
        Rejected: it is broken, encrypted, a bomb, or has a member outside of itself.
    """
    try:
        with zipfile.ZipFile(file) as container:
            members = container.infolist()
            if len(members) > limits.members:
                raise _bomb(f"tiene {len(members)} ficheros dentro")
            total = 0
            for each in members:
                parts = each.filename.replace("\\", "/").split("/")
                if each.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
                    raise reject(
                        "danado",
                        f"Lleva dentro un nombre que sale de él («{each.filename[:60]}»).",
                        "No lo abra: avise a quien lo envió.",
                    )
                if each.flag_bits & 1:
                    raise reject("cifrado", "Está cifrado.", "Guárdelo sin contraseña y tráigalo otra vez.")
                if each.file_size > MIB and each.file_size > limits.ratio * max(each.compress_size, 1):
                    raise _bomb(f"«{each.filename[:60]}» se multiplica por más de {limits.ratio} al abrirlo")
                total += each.file_size
            if total > limits.unpacked:
                raise _bomb(f"ocupa abierto {total / MIB:.0f} MiB")
            # What the directory says of sizes may be a lie: unpacking stops at what it said.
            broken = container.testzip()
            if broken is not None:
                raise reject("danado", f"Está dañado («{broken[:60]}»).", "Consiga otra copia.")
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as exc:
        raise reject("danado", "El contenedor está dañado.", "Guárdelo de nuevo o como PDF.") from exc


def _bomb(what: str) -> Exception:
    return reject("bomba", f"No se abre: {what}.", "Guárdelo como PDF desde su programa.")
