"""Addresses of the review and the disposition, mounted by ``urls.py``."""

from django.urls import URLPattern, path

from qms.batches.views import deciding, disposing, review

REVIEW: list[URLPattern] = [
    path("batches/<str:number>/review/", review.show_grid, name="review"),
    path("batches/<str:number>/review/queue.json", review.list_queue, name="review-queue"),
    path("batches/<str:number>/review/random-check.json", review.show_random_check, name="random-check"),
    path("batches/<str:number>/units/<str:unit>/", review.show_unit, name="unit"),
    path("batches/<str:number>/units/<str:unit>/decide/", review.decide, name="unit-decide"),
    path("batches/<str:number>/units/<str:unit>/verify/", review.verify, name="unit-verify"),
    path("batches/<str:number>/check-answers/", deciding.show_answers, name="check-answers"),
    path("batches/<str:number>/sample/", deciding.show_sample, name="sample"),
    path("batches/<str:number>/sample/draw/", deciding.draw_sample, name="sample-draw"),
    path("batches/<str:number>/reconciliation/", deciding.show_reconciliation, name="reconciliation"),
    path("batches/<str:number>/investigations/<int:pk>/", deciding.show_investigation, name="investigation"),
    path("batches/<str:number>/trail/", disposing.show_trail, name="trail"),
    path("batches/<str:number>/disposition/", disposing.show_disposition, name="disposition"),
    path("batches/<str:number>/return/", disposing.return_batch, name="return"),
    path("batches/<str:number>/reinspection/", disposing.inspect_again, name="reinspection"),
]
