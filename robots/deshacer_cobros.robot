*** Settings ***
Name             Deshacer cobros
Documentation    Saca del ERP los cobros que una persona deshizo en la consola, sin esperar a la conciliación diaria.
...    Cada cobro se deshace una sola vez, y la factura queda otra vez pendiente. Repetirlo no deshace nada más.
Metadata         Responsable    Administración de clientes
Metadata         Credencial     erp:${EMPRESA}
Metadata         Límite         10 minutes
Metadata         Cola           apuntes:${EMPRESA}
Metadata         Intentos       3

Resource         ../keywords/conciliacion.resource

Task Setup       Abrir el ERP    ${EMPRESA}
Task Teardown    Cerrar el ERP y el banco
Task Timeout     10 minutes

Task Tags        conciliacion    desatendido


*** Variables ***
${EMPRESA: str}    demo          # Empresa de config/companies.toml


*** Tasks ***
Deshacer en el ERP los cobros que se anularon
    [Documentation]    Lo que se pidió en la consola, y lo que otra ejecución dejó a medias.
    Deshacer en el ERP los cobros anulados
