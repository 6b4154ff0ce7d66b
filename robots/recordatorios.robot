*** Settings ***
Name             Recordatorios del día
Documentation    Pone en cola los recordatorios que propone la estrategia, envía los que tocan y deja dicho qué retuvo.
...    La compuerta decide dos veces: al encolar y en el segundo del envío. Sin normas confirmadas por un abogado no
...    envía nada, salvo que quien lo lanza lo permita.
Metadata         Responsable    Cobros
Metadata         Límite         45 minutes
Metadata         Intentos       3

Resource         ../keywords/recordatorios.resource

Task Setup       Abrir los recordatorios    ${ACREEDOR}
Task Timeout     45 minutes

Task Tags        recordatorios    desatendido


*** Variables ***
${ACREEDOR: str}    demo    # Empresa de config/companies.toml
${SIN_CONFIRMAR: bool}    ${False}    # Enviar aunque ningún abogado haya confirmado las normas del país


*** Tasks ***
Recordar lo que se debe
    [Documentation]    Repetirlo no escribe dos veces a nadie.
    Comprobar que un abogado confirmó las normas    ${SIN_CONFIRMAR}
    Poner en cola los recordatorios de hoy
    Seguir lo que no llegó
    Enviar lo que toca
    Guardar el resumen de los recordatorios
