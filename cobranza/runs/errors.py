"""What can go wrong in the engine itself. Codes COB-MOT-nnn."""

from __future__ import annotations

from cobranza.kernel.errors import ApplicationError, BusinessError, CobranzaError, UsageError


class RobotFailed(ApplicationError):
    """A robot ended badly without one of our own errors."""

    code = "COB-MOT-001"
    remedy = "Abra el registro de la ejecución; si se repite, avise a soporte con él."


class RobotDied(ApplicationError):
    """The robot's process ended without saying how."""

    code = "COB-MOT-002"
    remedy = "Vuelva a lanzarlo; si se repite, mire console.txt en las pruebas de la ejecución."


class ContactLost(ApplicationError):
    """The machine that ran the robot stopped answering."""

    code = "COB-MOT-003"
    remedy = "Compruebe que el trabajador sigue en marcha; el robot se puede lanzar de nuevo sin riesgo."


class TimeLimit(ApplicationError):
    """The robot took longer than its limit and was stopped."""

    code = "COB-MOT-004"
    remedy = "Mire en el registro dónde se paró; si el trabajo es más largo, suba «Límite» en el robot."


class Cancelled(ApplicationError):
    """A person stopped the run."""

    code = "COB-MOT-005"
    remedy = "Vuelva a lanzarlo cuando quiera: seguirá con lo que quedó pendiente."


class DeadlinePassed(BusinessError):
    """The work waited beyond the moment it made sense."""

    code = "COB-MOT-006"
    remedy = "Láncelo de nuevo si todavía hace falta."


class LeaseLost(CobranzaError):
    """Another process owns this work now; what we hold must be dropped, never written."""

    code = "COB-MOT-007"
    remedy = "No haga nada: otro trabajador ya sigue con ello."


class CredentialBusy(ApplicationError):
    """Another run holds the credential's only session."""

    code = "COB-MOT-008"
    remedy = "Espere a que termine esa ejecución o deténgala."


class CredentialBlocked(BusinessError):
    """A credential that no robot may use until a person clears it."""

    code = "COB-MOT-009"
    remedy = "Compruebe la clave y reactive la credencial en la consola o con «cobranza credentials clear»."


class RobotUnknown(UsageError):
    """No robot has this name."""

    code = "COB-MOT-010"
    remedy = "Vea los que hay con «cobranza robots»."


class VariableError(UsageError):
    """A variable that the robot does not have, or a value that it cannot take."""

    code = "COB-MOT-011"
    remedy = "Vea las variables del robot con «cobranza robots --json»."


class RobotBroken(BusinessError):
    """The robot's file cannot be run."""

    code = "COB-MOT-012"
    remedy = "Corrija el fichero del robot; «cobranza robots» dice la línea."


class RunUnknown(UsageError):
    """No run has this number."""

    code = "COB-MOT-013"
    remedy = "Vea las ejecuciones con «cobranza runs»."


class NotRunnable(UsageError):
    """The run is not waiting to be started."""

    code = "COB-MOT-014"
    remedy = "Lance otra ejecución del mismo robot."


class ItemUnknown(UsageError):
    """No work item has this number, or it does not wait for an answer."""

    code = "COB-MOT-015"
    remedy = "Vea los que esperan respuesta con «cobranza items list»."


class OutcomeUnknown(BusinessError):
    """An act outside may or may not have happened and cannot be looked up."""

    code = "COB-MOT-016"
    remedy = "Compruébelo en el destino y conteste en la consola si se hizo o no."


class TooManyAttempts(ApplicationError):
    """The work failed as often as it was allowed to."""

    code = "COB-MOT-017"
    remedy = "Mire el último error y vuelva a abrirlo cuando esté resuelto."


class ScheduleError(BusinessError):
    """A schedule that cannot be used."""

    code = "COB-MOT-018"
    remedy = "Corrija config/schedule.toml."
