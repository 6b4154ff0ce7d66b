*** Settings ***
Name             Valoración de riesgo
Documentation    Valora cada noche a todos los deudores y prepara la lista de la mañana.
...    Pide los informes que faltan, valora con lo que se sabe hoy, avisa de quien puede dejar de pagar, pregunta
...    a quien cumplió su acuerdo cómo le fue y deja pensado qué hacer con quien más se espera cobrar. Repetirlo no
...    repite nada.
Metadata         Responsable    Cobros
Metadata         Límite         30 minutes
Metadata         Intentos       3

Resource         ../keywords/riesgo.resource

Task Setup       Abrir la valoración de riesgo    ${ACREEDOR}
Task Timeout     30 minutes

Task Tags        riesgo    desatendido


*** Variables ***
${ACREEDOR: str}    demo    # Empresa de config/companies.toml


*** Tasks ***
Valorar a los deudores
    [Documentation]    Primero lo que dicen otros, después la valoración, al final lo que se hace con ella.
    Preguntar a las fuentes de solvencia
    Valorar a todos los deudores
    Avisar de los primeros impagos
    Preguntar cómo les fue
    Preparar la lista de la mañana
    Guardar el resumen de riesgo
