*** Settings ***
Name             Preparar expedientes
Documentation    Monta los expedientes que una persona ha aceptado y los deja en revisión.
...    Congela lo que se debe en ese segundo, reúne facturas y documentos, calcula los intereses, escribe el acta de
...    gestiones y deja el expediente para leer y el paquete para presentar. Nada se presenta sin el visto bueno.
Metadata         Responsable    Jurídico
Metadata         Límite         60 minutes
Metadata         Cola           expedientes
Metadata         Intentos       2

Resource         ../keywords/expedientes.resource

Task Setup       Abrir la sala de expedientes    ${ACREEDOR}
Task Timeout     60 minutes

Task Tags        expedientes    desatendido


*** Variables ***
${ACREEDOR: str}    demo    # Empresa de config/companies.toml


*** Tasks ***
Preparar lo aceptado
    [Documentation]    Lo que falte o no se pueda calcular queda escrito en la página del expediente.
    Preparar los expedientes aceptados
    Dejar el resto a las personas
    Guardar el resumen de lo preparado
