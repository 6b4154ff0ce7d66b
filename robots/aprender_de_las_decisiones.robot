*** Settings ***
Name             Aprender de las decisiones
Documentation    Aprende de los cobros que las personas confirmaron, cambiaron o descartaron.
...    Nombres, cuentas y costumbres se usan en la próxima conciliación. La confianza y el umbral solo cambian si lo
...    prueban las confirmaciones apartadas; si no, queda todo como estaba. No toca el ERP ni el banco.
Metadata         Responsable    Supervisión
Metadata         Límite         20 minutes
Metadata         Intentos       2

Resource         ../keywords/aprendizaje.resource

Task Timeout     20 minutes

Task Tags        conciliacion    aprendizaje    desatendido


*** Variables ***
${EMPRESA: str}    demo    # Empresa de config/companies.toml


*** Tasks ***
Aprender de lo que se ha decidido
    [Documentation]    Lo aprendido se ve y se olvida con «cobranza reconcile learned».
    Aprender nombres, cuentas y costumbres    ${EMPRESA}
    Revisar cuánto se puede creer al motor    ${EMPRESA}
