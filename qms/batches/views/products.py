"""Pages of the master data: products, their library, models and people; stations; lots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from qms.accounts.models import User
from qms.batches import forms, products
from qms.batches.access import end_access, grant_access, load_product, lots_for, people_with_access, products_for
from qms.batches.challenge_uploads import register_from_zip
from qms.batches.models import DefectClass, Product
from qms.batches.products import DefectEntry
from qms.web.language import tell_refusal
from qms.web.paging import page_through
from qms.web.requests import actor_of
from records.errors import Refusal
from records.workflow import take_role


@login_required
@require_safe
def list_products(request: HttpRequest) -> HttpResponse:
    """Show the products the person may see."""
    actor = actor_of(request)
    context = {"products": products_for(actor.user_id), "may_edit": actor.holds("qa_manager")}
    return render(request, "batches/product_list.html", context)


@login_required
@require_safe
def show_product(request: HttpRequest, code: str) -> HttpResponse:
    """Show a product: limits, library, models, challenge sets, people, lots."""
    actor = actor_of(request)
    product = load_product(actor.user_id, code)
    context = {
        "product": product,
        "defects": product.defects.order_by("-is_active", "code"),
        "approvals": product.models.select_related("model_version").order_by("-id"),
        "challenge_sets": product.challenge_sets.prefetch_related("images").order_by("-id"),
        "people": people_with_access(product),
        "lots": product.lots.order_by("-id")[:20],
        "may_edit": actor.holds("qa_manager"),
    }
    return render(request, "batches/product_detail.html", context)


def answer_form(request: HttpRequest, form: Form, **context: Any) -> HttpResponse:
    """Show a form's page, again with its errors if there are any."""
    return render(request, "batches/form.html", {"form": form, **context}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def make_product(request: HttpRequest) -> HttpResponse:
    """Register a product with its defect library."""
    actor = take_role(actor_of(request), products.KEEPERS)
    form = forms.NewProductForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            library = products.read_library(fields.pop("library"))
            product = products.register_product(actor=actor, reason=fields.pop("reason"), defects=library, **fields)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(request, gettext("{product_name} is registered.").format(product_name=product.name))
            return redirect("batches:product-detail", product.code)
    return answer_form(
        request, form, title="Register a product", button="Register product", back="batches:product-list"
    )


@login_required
@require_http_methods(["GET", "POST"])
def change_product(request: HttpRequest, code: str) -> HttpResponse:
    """Change a product's limits and names."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    initial = {name: getattr(product, name) for name in forms.ProductEditForm.base_fields if hasattr(product, name)}
    form = forms.ProductEditForm(request.POST or None, initial=initial | {"seen": products.newest_snapshot(product)})
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            products.edit_product(
                product, actor=actor, reason=fields.pop("reason"), seen=fields.pop("seen"), changes=fields
            )
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            return saved(request, product, "The product is changed.")
    return answer_form(
        request,
        form,
        title=gettext("Change {product_name}").format(product_name=product.name),
        button="Save product",
        product=product,
    )


def saved(request: HttpRequest, product: Product, text: str) -> HttpResponse:
    """Go back to a product's page with what was done."""
    messages.success(request, gettext(text))
    return redirect("batches:product-detail", product.code)


@login_required
@require_http_methods(["GET", "POST"])
def make_defect(request: HttpRequest, code: str) -> HttpResponse:
    """Add a defect to a product's library."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    form = forms.DefectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        reason = fields.pop("reason")
        try:
            products.add_defect(product, actor=actor, reason=reason, entry=DefectEntry(**fields))
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            return saved(request, product, "The defect is added.")
    return answer_form(
        request,
        form,
        title=gettext("Add a defect to {product_name}").format(product_name=product.name),
        button="Add defect",
        product=product,
    )


@login_required
@require_http_methods(["GET", "POST"])
def choose_model(request: HttpRequest, code: str) -> HttpResponse:
    """Approve a released model for a product."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    form = forms.ModelChoiceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            products.approve_model(product, actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            return saved(request, product, "The model is approved for this product.")
    return answer_form(
        request,
        form,
        title=gettext("Approve a model for {product_name}").format(product_name=product.name),
        button="Approve model",
        product=product,
    )


@login_required
@require_http_methods(["GET", "POST"])
def give_access(request: HttpRequest, code: str) -> HttpResponse:
    """Give a person access to a product."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    form = forms.AccessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            grant_access(product, actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            return saved(request, product, "Access is given.")
    return answer_form(
        request,
        form,
        title=gettext("Give access to {product_name}").format(product_name=product.name),
        button="Give access",
        product=product,
    )


def end_with_reason(request: HttpRequest, product: Product, rule: Callable[..., object], **page: Any) -> HttpResponse:
    """Ask for a reason, then end something of a product by a rule."""
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rule(actor=actor_of(request), reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            form.add_error("reason", tell_refusal(refusal))
        else:
            return saved(request, product, page["said"])
    return answer_form(request, form, title=page["title"], button=page["button"], product=product)


@login_required
@require_http_methods(["GET", "POST"])
def stop_defect(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take a defect of a product's library out of use."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    defect = get_object_or_404(DefectClass, product=product, pk=pk)
    return end_with_reason(
        request,
        product,
        partial(products.end_defect, defect),
        title=gettext("Take {defect_name} out of use").format(defect_name=defect.name),
        button="Take defect out of use",
        said="The defect is out of use.",
    )


@login_required
@require_http_methods(["GET", "POST"])
def stop_model(request: HttpRequest, code: str) -> HttpResponse:
    """End the approval of a product's model."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    return end_with_reason(
        request,
        product,
        partial(products.withdraw_model, product),
        title=gettext("End the approval of the model for {product_name}").format(product_name=product.name),
        button="End approval",
        said="The approval is ended. No further inspection of this product starts.",
    )


@login_required
@require_http_methods(["GET", "POST"])
def take_access(request: HttpRequest, code: str, user_id: int) -> HttpResponse:
    """End a person's access to a product."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    person = get_object_or_404(User, pk__in=people_with_access(product).values("pk"), pk=user_id)
    return end_with_reason(
        request,
        product,
        partial(end_access, product, person=person),
        title=gettext("End the access of {person_printed_name} to {product_name}").format(
            person_printed_name=person.printed_name, product_name=product.name
        ),
        button="End access",
        said="Access is ended.",
    )


@login_required
@require_http_methods(["GET", "POST"])
def make_challenge_set(request: HttpRequest, code: str) -> HttpResponse:
    """Register a challenge set from a zip of known units."""
    actor = take_role(actor_of(request), products.KEEPERS)
    product = load_product(actor.user_id, code)
    form = forms.ChallengeSetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            register_from_zip(product, actor=actor, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            return saved(request, product, "The challenge set is in force.")
    title = f"Register a challenge set of {product.name}"
    return answer_form(request, form, title=title, button="Register challenge set", product=product)


@login_required
@require_safe
def list_lots(request: HttpRequest) -> HttpResponse:
    """Show the lots of the person's products."""
    actor = actor_of(request)
    lots = lots_for(actor.user_id).prefetch_related("batches")
    page = page_through(lots, ordering=["-id"], query=request.GET)
    may_create = any(actor.holds(role) for role in products.LOT_MAKERS)
    return render(request, "batches/lot_list.html", {"page": page, "may_create": may_create})


@login_required
@require_http_methods(["GET", "POST"])
def make_lot(request: HttpRequest) -> HttpResponse:
    """Create a lot."""
    actor = take_role(actor_of(request), products.LOT_MAKERS)
    form = forms.LotForm(request.POST or None, products=products_for(actor.user_id).filter(is_active=True))
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            lot = products.create_lot(fields.pop("product"), actor=actor, **fields)
        except Refusal as refusal:
            form.add_error(None, tell_refusal(refusal))
        else:
            messages.success(request, gettext("Lot {lot_number} is created.").format(lot_number=lot.number))
            return redirect("batches:lot-list")
    return answer_form(request, form, title="Create a lot", button="Create lot", back="batches:lot-list")
