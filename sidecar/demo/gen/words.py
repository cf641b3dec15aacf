"""Words and category facts that the generator draws from: a mid-range fashion shop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """One leaf category and what is true of its demand.

    `peak` is the day of the year (1-365) with the highest demand, `season` the amplitude in log units,
    `elasticity` the mean log-log price slope, prices in the shop's currency, weight in kg.
    """

    name: str
    parent: str
    nouns: tuple[str, ...]
    price: tuple[float, float]
    margin: float
    peak: int
    season: float
    elasticity: float
    returns: float
    weight: float
    sizes: tuple[str, ...]


LETTERS = ("XS", "S", "M", "L", "XL")
EUROPE = ("37", "38", "39", "40", "41")
CATEGORIES = (
    Category(
        "Dresses",
        "Women",
        ("Dress", "Wrap Dress", "Midi Dress", "Shirt Dress"),
        (49, 129),
        0.62,
        165,
        0.55,
        -1.9,
        0.16,
        0.4,
        LETTERS,
    ),
    Category(
        "Tops & T-Shirts",
        "Women",
        ("T-Shirt", "Top", "Tank Top", "Blouse"),
        (15, 49),
        0.60,
        180,
        0.30,
        -1.4,
        0.07,
        0.2,
        LETTERS,
    ),
    Category(
        "Knitwear",
        "Women",
        ("Sweater", "Cardigan", "Roll-Neck Sweater"),
        (39, 119),
        0.58,
        345,
        0.70,
        -1.6,
        0.09,
        0.5,
        LETTERS,
    ),
    Category(
        "Jackets & Coats",
        "Women",
        ("Coat", "Trench Coat", "Blazer", "Puffer Jacket"),
        (89, 249),
        0.55,
        325,
        0.75,
        -2.2,
        0.13,
        1.2,
        LETTERS,
    ),
    Category(
        "Swimwear",
        "Women",
        ("Swimsuit", "Bikini Set", "Beach Kaftan"),
        (29, 89),
        0.64,
        185,
        1.10,
        -1.7,
        0.14,
        0.2,
        LETTERS,
    ),
    Category(
        "Shirts",
        "Men",
        ("Oxford Shirt", "Linen Shirt", "Flannel Shirt", "Polo Shirt"),
        (29, 79),
        0.60,
        150,
        0.25,
        -1.5,
        0.08,
        0.3,
        LETTERS,
    ),
    Category(
        "Jeans & Trousers",
        "Men",
        ("Jeans", "Chinos", "Slim Jeans", "Cargo Trousers"),
        (49, 119),
        0.56,
        280,
        0.20,
        -1.8,
        0.15,
        0.7,
        LETTERS,
    ),
    Category(
        "Shoes",
        "Accessories",
        ("Sneakers", "Ankle Boots", "Loafers", "Sandals"),
        (59, 169),
        0.52,
        300,
        0.25,
        -2.0,
        0.18,
        0.9,
        EUROPE,
    ),
    Category(
        "Bags",
        "Accessories",
        ("Tote Bag", "Crossbody Bag", "Backpack", "Clutch"),
        (35, 149),
        0.57,
        340,
        0.35,
        -1.3,
        0.05,
        0.6,
        (),
    ),
    Category(
        "Scarves & Hats",
        "Accessories",
        ("Scarf", "Beanie", "Sun Hat", "Silk Scarf"),
        (15, 69),
        0.66,
        340,
        0.80,
        -1.1,
        0.04,
        0.15,
        (),
    ),
)
MATERIALS = (
    "Linen",
    "Organic Cotton",
    "Merino",
    "Silk",
    "Denim",
    "Recycled",
    "Velvet",
    "Cotton",
    "Suede",
    "Wool",
)
STYLES = (
    "Classic",
    "Relaxed",
    "Cropped",
    "Oversized",
    "Tailored",
    "Ribbed",
    "Striped",
    "Pleated",
    "Quilted",
    "Vintage",
    "Everyday",
    "Soft",
    "Belted",
    "Washed",
    "Embroidered",
)
LINES = (
    "Aurora",
    "Marlow",
    "Ivy",
    "Juno",
    "Sienna",
    "Orla",
    "Petra",
    "Clio",
    "Nova",
    "Wren",
    "Esme",
    "Odette",
    "Hazel",
    "Rhea",
    "Tess",
    "Maren",
    "Linnea",
    "Bodil",
    "Saga",
    "Runa",
)
COLOURS = {
    "Black": (30, 30, 34),
    "Navy": (32, 44, 84),
    "Ivory": (240, 234, 214),
    "Sage": (156, 175, 136),
    "Rust": (176, 82, 44),
    "Sky": (135, 178, 214),
    "Burgundy": (112, 28, 52),
    "Camel": (193, 154, 107),
    "Charcoal": (70, 74, 80),
    "Blush": (222, 178, 176),
}
TAGS = ("new season", "bestseller", "sustainable", "limited", "gift idea", "office", "weekend", "festival")
FIRST_NAMES = (
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elif",
    "Finn",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaja",
    "Luca",
    "Mira",
    "Noah",
    "Olga",
    "Paul",
    "Quinn",
    "Rosa",
    "Samir",
    "Tara",
    "Uwe",
    "Vera",
    "Willem",
    "Yara",
)
LAST_NAMES = (
    "Berg",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanov",
    "Jansen",
    "Keller",
    "Lopez",
    "Moreau",
    "Novak",
    "Olsen",
    "Petit",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Vogel",
    "Weber",
)
PLACES = (
    ("DE", "Berlin", "10"),
    ("DE", "Hamburg", "20"),
    ("DE", "Munich", "80"),
    ("AT", "Vienna", "10"),
    ("FR", "Paris", "75"),
    ("FR", "Lyon", "69"),
    ("NL", "Amsterdam", "10"),
    ("IT", "Milan", "20"),
    ("ES", "Madrid", "28"),
    ("BE", "Brussels", "10"),
)
STREETS = ("Lindenstrasse", "Station Road", "Rue des Fleurs", "Via Roma", "Kerkstraat", "Calle Mayor")
REFUND_REASONS = (
    "Too small",
    "Too large",
    "Changed my mind",
    "Colour differs from the picture",
    "Damaged on arrival",
    "Arrived too late",
)
REVIEW_OPENINGS = {
    1: ("Very disappointed with the {noun}.", "The {noun} fell apart after two washes."),
    2: ("Not what I hoped for.", "The {noun} looks cheaper than in the pictures."),
    3: ("It is fine, nothing special.", "Decent {noun}, but the fit is off."),
    4: ("Really nice {noun}.", "Good quality for the price."),
    5: ("I love this {noun}!", "Best {noun} I have bought in years."),
}
REVIEW_DETAILS = {
    1: (
        "The fabric is thin and it runs very small.",
        "Delivery took three weeks and nobody answered my mail.",
    ),
    2: ("Runs small, order a size up.", "The colour is different from the photo."),
    3: ("Sleeves are a little long.", "Delivery was quick, the material could be softer."),
    4: ("Fits true to size and feels soft.", "Colour as pictured, delivery within three days."),
    5: ("Perfect fit, lovely fabric, and I get compliments every time.", "Great quality, fast delivery."),
}
