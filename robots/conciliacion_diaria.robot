*** Settings ***
Name             Conciliación diaria
Documentation    Concilia los cobros de un banco con las facturas abiertas del ERP.
...    Lee el portal del banco y el ERP, empareja, registra en el ERP los cobros seguros y deja el resto en la bandeja
...    de revisión con su explicación. Repetirlo no registra nada dos veces.
Metadata         Responsable    Administración de clientes
Metadata         Credencial     banco:${BANCO}
Metadata         Límite         20 minutes
Metadata         Cola           apuntes:${EMPRESA}
Metadata         Intentos       3

Resource         ../keywords/conciliacion.resource

Task Setup       Abrir el ERP y el banco    ${EMPRESA}    ${BANCO}
Task Teardown    Cerrar el ERP y el banco
Task Timeout     20 minutes

Task Tags        conciliacion    desatendido


*** Variables ***
${EMPRESA: str}    demo          # Empresa de config/companies.toml
${BANCO: str}      caja          # Portal de config/banks.toml
${DIAS: int}       60            # Cuántos días atrás se leen los movimientos
${HASTA: str}      ayer          # Último día que se lee: «ayer», «hoy» o dd/mm/aaaa


*** Tasks ***
Conciliar los cobros con las facturas abiertas
    [Documentation]    Del extracto del banco al apunte en el ERP; lo dudoso, a la bandeja de revisión.
    Terminar los apuntes pendientes de otras ejecuciones
    Deshacer en el ERP los cobros anulados
    Traer las facturas abiertas del ERP
    Traer los movimientos del banco    ${DIAS}    ${HASTA}
    Proponer emparejamientos
    Registrar en el ERP los cobros seguros
    Dejar el resto en la bandeja de revisión
    Guardar el libro de resultados
