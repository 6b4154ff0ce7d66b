*** Settings ***
Name             Vigilancia de cifras
Documentation    Compara las cifras de cada empresa con su historia y su objetivo y avisa, una vez, de cada desviación.
...    También cierra las alertas de lo que ha vuelto a lo habitual, sortea los contactos de la semana que hay que
...    revisar y guarda la previsión de cobros del día. Repetirlo no avisa dos veces de lo mismo.
Metadata         Responsable    Supervisión
Metadata         Límite         20 minutes
Metadata         Intentos       3

Resource         ../keywords/vigilancia.resource

Task Setup       Abrir la vigilancia de cifras
Task Timeout     20 minutes

Task Tags        cifras    desatendido


*** Tasks ***
Vigilar las cifras
    [Documentation]    El correo espera al final de las horas de silencio.
    Comprobar las cifras
    Enviar las alertas por correo
    Sacar la muestra de contactos de la semana
    Guardar la previsión de cobros
    Guardar el resumen de la vigilancia
