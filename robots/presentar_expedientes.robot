*** Settings ***
Name             Presentar expedientes
Documentation    Presenta en el portal de un juzgado los expedientes firmados, cada uno una sola vez.
...    Comprueba el acuse antes de darlo por presentado. Lo que no se sabe si llegó se busca en la bandeja de enviados
...    y nunca se envía otra vez sin esa prueba; lo que no se aclara queda para una persona.
Metadata         Responsable    Legal
Metadata         Credencial     juzgado:${JUZGADO}
Metadata         Límite         55 minutes
Metadata         Cola           presentaciones:${JUZGADO}
Metadata         Intentos       3

Resource         ../keywords/juzgado.resource

Task Setup       Elegir el juzgado    ${JUZGADO}
Task Timeout     55 minutes

Task Tags        expedientes    desatendido


*** Variables ***
${JUZGADO: str}    es_lexnet    # Juzgado de config/courts.toml
${MINUTOS: int}    0            # Cuánto se queda a la espera de lo que hay que mirar más tarde


*** Tasks ***
Presentar los expedientes firmados
    [Documentation]    De la firma al acuse comprobado, una sola vez cada uno.
    Aclarar lo que quedó sin saberse
    Apuntar los expedientes firmados
    Presentar lo apuntado    ${MINUTOS}
    Contar lo que espera a una persona
    Guardar el resumen de la presentación
