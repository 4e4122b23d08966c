"""Addresses of vial inspection: batches and their images here, the review in its own section."""

from django.urls import path

from qms.batches.urls_review import REVIEW
from qms.batches.views import batches, files, imports, products, runs, stations

app_name = "batches"

BATCHES = [
    path("batches/", batches.list_batches, name="batch-list"),
    path("batches/new/", batches.make_batch, name="batch-new"),
    path("batches/<str:number>/", batches.show_batch, name="batch-detail"),
    path("batches/<str:number>/content/", batches.show_content, name="batch-content"),
    path("batches/<str:number>/signatures/", batches.show_signatures, name="batch-signatures"),
    path("batches/<str:number>/history/", batches.show_history, name="batch-history"),
    path("batches/<str:number>/links/", batches.show_links, name="batch-links"),
    path("batches/<str:number>/edit/", batches.edit_batch, name="batch-edit"),
    path("batches/<str:number>/withdraw/", batches.withdraw, name="batch-withdraw"),
]
IMPORTS = [
    path("batches/<str:number>/import/", imports.upload, name="import-new"),
    path("batches/<str:number>/import/complete/", imports.complete, name="import-complete"),
    path("batches/<str:number>/imports/<int:pk>/", imports.show_import, name="import-detail"),
    path("batches/<str:number>/imports/<int:pk>/progress/", imports.show_progress, name="import-progress"),
    path("batches/<str:number>/imports/<int:pk>/take/", imports.take, name="import-take"),
    path("batches/<str:number>/imports/<int:pk>/give-up/", imports.give_up, name="import-give-up"),
    path("batches/<str:number>/imports/<int:pk>/refused.csv", imports.list_refused, name="import-refused"),
]
RUNS = [
    path("batches/<str:number>/start/", runs.start, name="run-start"),
    path("batches/<str:number>/progress/", runs.show_progress, name="run-progress"),
    path("batches/<str:number>/retry/", runs.retry, name="run-retry"),
    path("batches/<str:number>/hand-over/", runs.hand_over, name="run-hand-over"),
    path("batches/<str:number>/lift-quarantine/", runs.lift_quarantine, name="quarantine-lift"),
]
FILES = [
    path("batches/<str:number>/units/<str:unit>/thumbnail", files.send_thumbnail, name="unit-thumbnail"),
    path("batches/<str:number>/units/<str:unit>/display", files.send_display, name="unit-display"),
    path("batches/<str:number>/units/<str:unit>/overlay", files.send_overlay, name="unit-overlay"),
    path("batches/<str:number>/units/<str:unit>/original", files.send_original, name="unit-original"),
    path("batches/<str:number>/attachments/<int:pk>/", files.send_attachment, name="attachment"),
]
MASTER_DATA = [
    path("products/", products.list_products, name="product-list"),
    path("products/new/", products.make_product, name="product-new"),
    path("products/<str:code>/", products.show_product, name="product-detail"),
    path("products/<str:code>/edit/", products.change_product, name="product-edit"),
    path("products/<str:code>/defects/new/", products.make_defect, name="defect-new"),
    path("products/<str:code>/defects/<int:pk>/end/", products.stop_defect, name="defect-end"),
    path("products/<str:code>/model/", products.choose_model, name="product-model"),
    path("products/<str:code>/model/end/", products.stop_model, name="product-model-end"),
    path("products/<str:code>/access/", products.give_access, name="product-access"),
    path("products/<str:code>/access/<int:user_id>/end/", products.take_access, name="product-access-end"),
    path("products/<str:code>/challenge-set/", products.make_challenge_set, name="challenge-set-new"),
    path("lots/", products.list_lots, name="lot-list"),
    path("lots/new/", products.make_lot, name="lot-new"),
    path("stations/", stations.list_stations, name="station-list"),
    path("stations/new/", stations.make_station, name="station-new"),
    path("stations/<str:code>/edit/", stations.change_station, name="station-edit"),
]

urlpatterns = [*BATCHES, *IMPORTS, *RUNS, *FILES, *MASTER_DATA, *REVIEW]
