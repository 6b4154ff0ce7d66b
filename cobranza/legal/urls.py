"""Addresses of this room, mounted by the console under /legal/."""

from django.urls import path

from cobranza.legal import acts, diary, files, views

urlpatterns = [
    path("", views.cases, name="cases"),
    path("plazos/", diary.deadlines, name="deadlines"),
    path("plazos/llave/", diary.renew_key, name="renew_key"),
    path("plazos/<str:token>.ics", diary.feed, name="feed"),
    path("<str:number>/", views.case, name="case"),
    path("<str:number>/aceptar/", acts.accept, name="accept"),
    path("<str:number>/aplazar/", acts.put_off, name="put_off"),
    path("<str:number>/descartar/", acts.discard, name="discard"),
    path("<str:number>/asignar/", acts.assign, name="assign"),
    path("<str:number>/preparar/", acts.prepare, name="prepare"),
    path("<str:number>/devolver/", acts.send_back, name="send_back"),
    path("<str:number>/firmar/", acts.sign, name="sign"),
    path("<str:number>/revocar/", acts.revoke, name="revoke"),
    path("<str:number>/documentos/", acts.upload, name="upload"),
    path("<str:number>/documentos/aceptar-todos/", acts.accept_all, name="accept_all"),
    path("<str:number>/documentos/<slug:key>/", files.document, name="document"),
    path("<str:number>/documentos/<slug:key>/revisar/", acts.review, name="review"),
    path("<str:number>/previas/", acts.add_prior, name="add_prior"),
    path("<str:number>/previas/<int:pk>/quitar/", acts.remove_prior, name="remove_prior"),
    path("<str:number>/reclamado/", acts.decide_claims, name="decide_claims"),
    path("<str:number>/reclamado/<int:item>/", acts.decide_claim, name="decide_claim"),
    path("<str:number>/demandado/<int:pk>/", acts.save_defendant, name="save_defendant"),
    path("<str:number>/escrito/", acts.save_words, name="save_words"),
    path("<str:number>/gestion/", acts.add_contact, name="add_contact"),
    path("<str:number>/plazo/", acts.add_deadline, name="add_deadline"),
    path("<str:number>/plazo/cerrar/", acts.close_deadline, name="close_deadline"),
    path("<str:number>/expediente.pdf", files.bundle, name="bundle"),
    path("<str:number>/escrito.docx", files.writ, name="writ"),
    path("<str:number>/paquete/<int:order>/", files.packaged, name="packaged"),
    path("<str:number>/noticias/<int:pk>/", files.news, name="news"),
]
