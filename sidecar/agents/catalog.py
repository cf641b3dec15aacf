"""Catalogue agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field

from sidecar.core.agent import Context, Proposal, Result, Subject, agent
from sidecar.core.changes import Patch, SetField
from sidecar.core.evidence import Chart, Evidence, Fact, Message, Param, Series, Window, say
from sidecar.core.store import Category, Item, Product
from sidecar.retail.calendar import shop_day
from sidecar.retail.completeness import (
    Checked,
    alt_text,
    category_of_namesakes,
    check,
    first_sentences,
    has_category,
    shares,
    used_fields,
)
from sidecar.retail.evidence import number, percent, text

LABELS = {
    "name": "Name",
    "image": "Picture",
    "alt_text": "Alt text",
    "description": "Description",
    "short_description": "Short description",
    "category": "Category",
    "sku": "SKU",
    "gtin": "GTIN",
    "weight": "Weight",
    "cost": "Cost",
    "attributes": "Attributes",
}
LIST_LIMIT = 200


class ProductDataGapsInput(BaseModel):
    """What counts as too little."""

    shortest_description: int = Field(
        80,
        title="Shortest description in characters",
        ge=1,
        le=5000,
        description="A description with fewer characters than this counts as missing.",
    )
    propose_alt_text: bool = Field(
        True, title="Alt texts", description="Propose alt texts from product names and attributes."
    )
    propose_short_description: bool = Field(
        True,
        title="Short descriptions",
        description="Propose short descriptions from the first sentences of descriptions.",
    )
    propose_category: bool = Field(
        True,
        title="Categories",
        description="Propose a category where all products with the same kind of name are in one.",
    )
    limit: int = Field(
        25,
        title="Most products at a time",
        ge=1,
        le=200,
        description="Propose at most this many products, best sellers first.",
    )


class FieldShare(BaseModel):
    """How complete the catalogue is in one field."""

    field: str = Field(description="Name of the field.")
    label: str = Field(description="The field in words.")
    filled: int = Field(description="Products that have it.")
    applicable: int = Field(description="Products to which it applies.")
    share: float = Field(description="Filled of applicable, 0 to 1.")
    used: bool = Field(
        description="False when next to nobody fills it; then it does not count in the scores."
    )


class ProductGaps(BaseModel):
    """A product with gaps."""

    product_id: int = Field(description="The product.")
    name: str = Field(description="Its name.")
    score: float = Field(description="Share of the used fields that are filled, 0 to 1.")
    missing: list[str] = Field(description="Fields that are missing or too weak.")
    proposed: list[str] = Field(description="Those of them that are proposed.")
    sales: int = Field(description="Pieces sold so far.")


class ProductDataGapsOutput(BaseModel):
    """How complete the catalogue is, and what is missing where."""

    products: int = Field(description="Published products checked.")
    complete: int = Field(description="Products without a gap in a used field.")
    complete_share: float | None = Field(None, description="The same as a share; absent without products.")
    fields: list[FieldShare] = Field(description="Completeness by field.")
    gaps: list[ProductGaps] = Field(description="Products with gaps, best sellers first, 200 at most.")
    gaps_total: int = Field(description="All products with gaps.")


@dataclass(frozen=True)
class _Fix:
    """A derived value: the changes, what the evidence says of it, and where it comes from."""

    name: str
    sets: list[SetField]
    facts: list[Fact]
    source: Message


@agent(
    title="Product data gaps",
    reads={"products", "categories"},
    schedule="daily",
    on={"product.saved"},
    risk="low",
    examples=({}, {"shortest_description": 200, "propose_category": False, "limit": 10}),
)
def product_data_gaps(inp: ProductDataGapsInput, ctx: Context) -> Result[ProductDataGapsOutput]:
    """Find missing product data and propose what the shop's own words supply.

    Checks name, pictures, alt texts, descriptions, category, SKU, GTIN, weight, cost and the attributes that
    siblings have. Proposes alt texts from names, short descriptions from descriptions, and a category where
    all namesakes agree; everything else is listed, because nothing in the shop tells it. Fields that next to
    nobody fills do not count.
    """
    today = shop_day(ctx.now, ctx.facts.timezone)
    products = [p for p in ctx.store.products() if p.status == "publish" and p.type in ("simple", "variable")]
    items: dict[int, list[Item]] = {}
    for item in ctx.store.items():
        items.setdefault(item.product_id, []).append(item)
    categories = ctx.store.categories()
    ctx.progress(0, 2, "Checking products")
    checked = check(products, items, categories, cogs=ctx.facts.cogs, shortest=inp.shortest_description)
    counts = shares(checked)
    used = used_fields(counts)
    gaps = sorted(
        (one for one in checked if one.missing & used),
        key=lambda one: (-one.product.total_sales, one.product.id),
    )
    ctx.progress(1, 2, "Deriving what can be derived")
    homes = [p for p in products if has_category(p, categories)]
    fixes = {one.product.id: _fixes(one, inp, homes, categories) for one in checked if one.missing}
    ready = sorted(
        (one for one in checked if fixes.get(one.product.id)),
        key=lambda one: (-one.product.total_sales, one.product.id),
    )[: inp.limit]
    chart = _chart(counts, used)
    proposals = [_proposal(one, fixes[one.product.id], chart, counts, used, today) for one in ready]
    ctx.log(f"{len(gaps)} of {len(products)} products have gaps, {len(proposals)} proposals")
    chosen = {one.product.id for one in ready}
    output = ProductDataGapsOutput(
        products=len(products),
        complete=len(products) - len(gaps),
        complete_share=round(1 - len(gaps) / len(products), 4) if products else None,
        fields=[
            FieldShare(
                field=name,
                label=LABELS[name],
                filled=filled,
                applicable=applicable,
                share=round(filled / applicable, 4),
                used=name in used,
            )
            for name, (filled, applicable) in counts.items()
        ],
        gaps=[_line(one, used, fixes.get(one.product.id, []), chosen) for one in gaps[:LIST_LIMIT]],
        gaps_total=len(gaps),
    )
    return Result(output, proposals)


def _score(one: Checked, used: set[str]) -> float:
    counted = one.applies & used
    return 1 - len(one.missing & used) / len(counted) if counted else 1.0


def _line(one: Checked, used: set[str], fixes: Sequence[_Fix], chosen: set[int]) -> ProductGaps:
    product = one.product
    return ProductGaps(
        product_id=product.id,
        name=product.name,
        score=round(_score(one, used), 4),
        missing=sorted(one.missing & used),
        proposed=[fix.name for fix in fixes] if product.id in chosen else [],
        sales=product.total_sales,
    )


def _fixes(
    one: Checked, inp: ProductDataGapsInput, homes: Sequence[Product], categories: Mapping[int, Category]
) -> list[_Fix]:
    """What can be derived for one product; nothing from a name that says nothing."""
    found = []
    if inp.propose_alt_text and "alt_text" in one.missing and "name" not in one.missing:
        found.append(_alt_texts(one.product))
    if inp.propose_short_description and "short_description" in one.missing:
        short = first_sentences(one.product.description)
        if short:
            found.append(_short_description(one.product, short))
    if inp.propose_category and "category" in one.missing:
        home = category_of_namesakes(one.product, homes)
        if home:
            found.append(_category(one.product, *home, categories))
    return found


def _alt_texts(product: Product) -> _Fix:
    sets, facts = [], []
    for n, image in enumerate(product.images):
        if not image.alt.strip():
            alt = alt_text(product.name, product.attributes, n)
            sets.append(SetField(path=f"images[{n}].alt", was=image.alt, to=alt))
            facts.append(Fact(label=f"Alt text of picture {n + 1}", value=text(alt)))
    source = say("The alt text is the product's name and the attributes that all its variations share.")
    return _Fix("alt_text", sets, facts, source)


def _short_description(product: Product, short: str) -> _Fix:
    return _Fix(
        "short_description",
        [SetField(path="short_description", was=product.short_description, to=short)],
        [Fact(label="Short description", value=text(short))],
        say("The short description is the first words of the product's own description."),
    )


def _category(
    product: Product, ids: tuple[int, ...], count: int, ending: str, categories: Mapping[int, Category]
) -> _Fix:
    names = ", ".join(categories[i].name for i in ids if i in categories)
    return _Fix(
        "category",
        [SetField(path="categories", was=list(product.categories), to=list(ids))],
        [Fact(label="Category", value=text(names))],
        say(
            "All {count} other products whose names end in “{ending}” are in {category}.",
            count=number(count),
            ending=text(ending),
            category=text(names),
        ),
    )


def _proposal(
    one: Checked,
    fixes: list[_Fix],
    chart: Chart,
    counts: Mapping[str, tuple[int, int]],
    used: set[str],
    today: date,
) -> Proposal:
    product = one.product
    image = product.images[0].id if product.images else None
    before = _score(one, used)
    applied = Checked(product, one.applies, one.missing - {fix.name for fix in fixes})
    facts = [fact for fix in fixes for fact in fix.facts]
    facts += [
        Fact(label="Product data filled now", value=percent(before)),
        Fact(label="Filled after this", value=percent(_score(applied, used))),
        Fact(label="Pieces sold so far", value=number(product.total_sales)),
    ]
    _, applicable = counts[fixes[0].name]
    evidence = Evidence(
        message=_message(product, fixes),
        window=Window(start=today, end=today),
        n=applicable,
        n_label="products checked",
        method=fixes[0].source,
        notes=[
            say("No effect is stated: nothing in the shop's data says how product data changes sales."),
            say("No error is stated: the text is copied from the shop, nothing is forecast."),
        ],
        facts=facts,
        chart=chart,
        considered=[*(fix.source for fix in fixes[1:]), *_left(applied, used)],
    )
    patch = Patch(resource=product.resource, set=[field for fix in fixes for field in fix.sets])
    subject = Subject("products", product.id, product.name, image, product.permalink)
    return Proposal(subject=subject, changes=[patch], evidence=evidence)


def _left(after: Checked, used: set[str]) -> list[Message]:
    """What stays open, because the shop's data does not tell it."""
    names = [LABELS[name] for name in LABELS if name in after.missing & used]
    return (
        [say("Still missing, and not to be found in the shop: {fields}.", fields=text(", ".join(names)))]
        if names
        else []
    )


def _message(product: Product, fixes: list[_Fix]) -> Message:
    name = text(product.name)
    if len(fixes) > 1:
        return say("Fill in {count} missing fields of {product}.", count=number(len(fixes)), product=name)
    fix = fixes[0]
    value: Param = fix.facts[0].value
    if fix.name == "category":
        return say("Put {product}, which has no category, into {category}.", product=name, category=value)
    if fix.name == "short_description":
        return say("Give {product} a short description from the start of its description.", product=name)
    if len(fix.sets) == 1:
        return say("Give the picture of {product} an alt text.", product=name)
    return say("Give {count} pictures of {product} an alt text.", count=number(len(fix.sets)), product=name)


def _chart(counts: Mapping[str, tuple[int, int]], used: set[str]) -> Chart:
    """Completeness by field, least complete first."""
    bars: list[tuple[float | str, float | None]] = [
        (LABELS[name], round(100 * filled / applicable, 1))
        for name, (filled, applicable) in sorted(counts.items(), key=lambda pair: pair[1][0] / pair[1][1])
        if name in used
    ]
    return Chart(
        title="Products with this field filled",
        x_label="Field",
        y_label="Share of products",
        unit="%",
        x_type="category",
        series=[Series(name="Filled", kind="bar", points=bars)],
    )
