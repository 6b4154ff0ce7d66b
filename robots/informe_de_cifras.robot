*** Settings ***
Name             Informe de cifras
Documentation    Pone al día las cifras y escribe los tableros de config/insight.toml en PDF y en Excel.
...    Las sumas de las que leen los tableros de la consola quedan contadas de nuevo. No cambia ningún dato.
Metadata         Responsable    Supervisión
Metadata         Límite         20 minutes
Metadata         Intentos       2

Resource         ../keywords/cifras.resource

Task Timeout     20 minutes

Task Tags        cifras    desatendido


*** Variables ***
${EMPRESA: str}    ${EMPTY}    # Empresa de config/companies.toml; vacío: todas


*** Tasks ***
Escribir el informe de cifras
    [Documentation]    Repetirlo el mismo día escribe los mismos ficheros.
    Poner al día las cifras
    Escribir los tableros    ${EMPRESA}
    Guardar el resumen de las cifras
