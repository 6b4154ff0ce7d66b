*** Settings ***
Name             Borrado de correos antiguos
Documentation    Borra los correos de deudores cuyo plazo de conservación ha pasado.
...    Los plazos están en config/disputes.toml. Quedan los hechos de cada caso (categoría, documentos, retenciones,
...    decisiones, ticket) y un suceso por correo borrado. De un caso abierto no se borra nada.
Metadata         Responsable    Supervisión
Metadata         Límite         30 minutes
Metadata         Intentos       2

Resource         ../keywords/disputas.resource

Task Timeout     30 minutes

Task Tags        disputas    conservacion    desatendido


*** Variables ***
${EMPRESA: str}    demo    # Empresa de config/companies.toml


*** Tasks ***
Borrar los correos antiguos
    [Documentation]    En un ensayo solo se cuentan.
    Borrar los correos cuyo plazo ha pasado    ${EMPRESA}
