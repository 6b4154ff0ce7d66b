*** Settings ***
Name             Triaje de disputas
Documentation    Atiende los correos de los deudores de una empresa.
...    Recoge lo que llega a sus buzones, lo entiende, lo une al deudor y a sus facturas, abre un ticket en el grupo
...    que toca, retiene solo lo discutido y contesta que ha llegado. Lo dudoso queda en la bandeja de revisión.
...    Repetirlo no abre ni contesta nada dos veces.
Metadata         Responsable    Atención a deudores
Metadata         Credencial     correo:${EMPRESA}
Metadata         Límite         30 minutes
Metadata         Cola           correos:${EMPRESA}
Metadata         Intentos       3

Resource         ../keywords/disputas.resource

Task Setup       Abrir los buzones y la mesa    ${EMPRESA}
Task Teardown    Cerrar los buzones y la mesa
Task Timeout     30 minutes

Task Tags        disputas    desatendido


*** Variables ***
${EMPRESA: str}    demo    # Empresa de config/companies.toml
${MINUTOS: int}    0       # Cuánto se queda a la espera de más correos


*** Tasks ***
Atender los correos de los deudores
    [Documentation]    Del buzón al ticket, la retención y el acuse, una sola vez cada uno.
    Soltar lo que la mesa da por resuelto
    Recoger y atender los correos
    Archivar lo terminado
    Esperar más correos    ${MINUTOS}
    Dejar el resto en la bandeja de revisión
    Guardar el resumen del triaje
