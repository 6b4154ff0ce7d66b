*** Settings ***
Name             Seguimiento de acuerdos
Documentation    Sigue los acuerdos de pago y contesta lo que los deudores escriben sobre cómo pagar.
...    Lee en las pasarelas qué fue de cada pago y lo casa con el banco; cierra cuotas con el dinero, nunca con lo que
...    se dice; recuerda cada cuota dos días antes y llama a las personas cuando una falla. Repetirlo no repite nada.
Metadata         Responsable    Cobros
Metadata         Límite         20 minutes
Metadata         Intentos       3

Resource         ../keywords/acuerdos.resource

Task Setup       Abrir los acuerdos    ${ACREEDOR}
Task Timeout     20 minutes

Task Tags        acuerdos    desatendido


*** Variables ***
${ACREEDOR: str}    demo    # Empresa de config/companies.toml


*** Tasks ***
Seguir los acuerdos
    [Documentation]    Primero el dinero, después lo que sigue de él, al final lo que han escrito.
    Leer los pagos de las pasarelas
    Seguir cada acuerdo
    Contestar lo que han escrito
    Guardar el resumen de los acuerdos
