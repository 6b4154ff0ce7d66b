*** Settings ***
Name             Envío de lo que espera
Documentation    Envía lo que está en la bandeja de salida y ya le ha llegado su hora: lo aplazado, lo que pidió otro
...    proceso y lo que escribió una persona.
Metadata         Responsable    Cobros
Metadata         Límite         15 minutes
Metadata         Intentos       3

Resource         ../keywords/recordatorios.resource

Task Setup       Abrir los recordatorios    ${ACREEDOR}
Task Timeout     15 minutes

Task Tags        recordatorios    desatendido


*** Variables ***
${ACREEDOR: str}    demo    # Empresa de config/companies.toml
${SIN_CONFIRMAR: bool}    ${False}    # Enviar aunque ningún abogado haya confirmado las normas del país


*** Tasks ***
Enviar lo que espera
    [Documentation]    La compuerta decide cada mensaje en el segundo del envío.
    Comprobar que un abogado confirmó las normas    ${SIN_CONFIRMAR}
    Recoger lo que piden otros procesos
    Seguir lo que no llegó
    Enviar lo que toca
    Guardar el resumen de los recordatorios
