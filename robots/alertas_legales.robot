*** Settings ***
Name             Alertas legales
Documentation    Avisa al abogado de cada deudor que pasa un umbral de config/legal.toml, una sola vez.
...    Mira importe vencido, días, intentos de contacto y prescripción cercana, y deja fuera lo retenido, lo discutido y
...    los concursos. No demanda a nadie: si se prepara una demanda lo decide una persona en la consola.
Metadata         Responsable    Jurídico
Metadata         Límite         15 minutes
Metadata         Intentos       3

Resource         ../keywords/expedientes.resource

Task Setup       Abrir la sala de expedientes    ${ACREEDOR}
Task Timeout     15 minutes

Task Tags        expedientes    desatendido


*** Variables ***
${ACREEDOR: str}    demo    # Empresa de config/companies.toml


*** Tasks ***
Avisar al abogado
    [Documentation]    Repetirlo no avisa dos veces de lo mismo.
    Avisar de los deudores que pasan el umbral
    Enviar los avisos por correo
    Dejar el resto a las personas
    Guardar el resumen de los avisos
