*** Settings ***
Name             Seguimiento de expedientes
Documentation    Lee en el portal de un juzgado el estado de lo presentado, sus notificaciones y los motivos de rechazo.
...    Listar una notificación no la abre: abrirla la da por notificada, y eso lo decide una persona o la configuración.
Metadata         Responsable    Legal
Metadata         Credencial     juzgado:${JUZGADO}
Metadata         Límite         30 minutes
Metadata         Intentos       3

Resource         ../keywords/juzgado.resource

Task Setup       Elegir el juzgado    ${JUZGADO}
Task Timeout     30 minutes

Task Tags        expedientes    desatendido


*** Variables ***
${JUZGADO: str}    es_lexnet    # Juzgado de config/courts.toml


*** Tasks ***
Seguir lo presentado
    [Documentation]    Estado, notificaciones con su plazo y motivos de rechazo.
    Aclarar lo que quedó sin saberse
    Leer el estado y las notificaciones
    Guardar el resumen del seguimiento
