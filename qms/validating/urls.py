"""Addresses of validation."""

from django.urls import path

from qms.validating.views import automation, deviations, executions, matrices, protocols, requirements, systems

app_name = "validating"

urlpatterns = [
    path("validation/", systems.list_systems, name="system-list"),
    path("validation/systems/new/", systems.make_system, name="system-new"),
    path("validation/systems/<str:number>/", systems.show_system, name="system-detail"),
    path("validation/systems/<str:number>/edit/", systems.change_system, name="system-edit"),
    path("validation/systems/<str:number>/items/new/", systems.make_item, name="item-new"),
    path("validation/systems/<str:number>/items/<int:pk>/end/", systems.stop_item, name="item-end"),
    path("validation/systems/<str:number>/requirements/", systems.start_requirements, name="requirements-new"),
    path("validation/systems/<str:number>/protocols/new/", protocols.make_protocol, name="protocol-new"),
    path("validation/systems/<str:number>/trace/", deviations.show_trace, name="trace"),
    path("validation/systems/<str:number>/trace.csv", deviations.send_trace, name="trace-csv"),
    path("validation/requirements/<str:number>/", requirements.edit_requirements, name="requirements"),
    path("validation/requirements/<str:number>/import/", requirements.import_requirements, name="requirements-import"),
    path("validation/requirements/<str:number>/amend/", requirements.amend_requirements, name="requirements-amend"),
    path(
        "validation/requirements/<str:number>/<int:position>/withdraw/",
        requirements.withdraw,
        name="requirement-withdraw",
    ),
    path("validation/matrices/", matrices.list_matrices, name="matrix-list"),
    path("validation/matrices/new/", matrices.make_matrix, name="matrix-new"),
    path("validation/matrices/<str:number>/", matrices.show_matrix, name="matrix-detail"),
    path("validation/protocols/<str:number>/", protocols.show_protocol, name="protocol-detail"),
    path("validation/protocols/<str:number>/edit/", protocols.change_protocol, name="protocol-edit"),
    path("validation/protocols/<str:number>/revise/", protocols.revise, name="protocol-revise"),
    path("validation/protocols/<str:number>/execute/", protocols.execute, name="protocol-execute"),
    path("validation/protocols/<str:number>/steps/new/", protocols.make_step, name="step-new"),
    path("validation/protocols/<str:number>/steps/paste/", protocols.import_steps, name="steps-import"),
    path("validation/protocols/<str:number>/steps/<int:position>/", protocols.change_step, name="step-edit"),
    path("validation/protocols/<str:number>/steps/<int:position>/remove/", protocols.drop_step, name="step-remove"),
    path("validation/executions/<str:number>/", executions.show_execution, name="execution-detail"),
    path("validation/executions/<str:number>/steps/<int:step>/", executions.save_result, name="result"),
    path("validation/executions/<str:number>/steps/<int:step>/correct/", executions.save_correction, name="correction"),
    path(
        "validation/executions/<str:number>/steps/<int:step>/evidence/", executions.save_evidence, name="evidence-new"
    ),
    path(
        "validation/executions/<str:number>/steps/<int:step>/deviation/",
        executions.make_deviation,
        name="deviation-new",
    ),
    path("validation/executions/<str:number>/evidence/<int:pk>/", executions.send_evidence, name="evidence"),
    path("validation/executions/<str:number>/results/", automation.import_results, name="results-import"),
    path("validation/executions/<str:number>/take-over/", executions.take_execution_over, name="take-over"),
    path("validation/executions/<str:number>/again/", executions.rerun, name="run-again"),
    path("validation/deviations/", deviations.list_deviations, name="deviation-list"),
    path("validation/deviations/<str:number>/", deviations.edit_deviation, name="deviation-detail"),
]
