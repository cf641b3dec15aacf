"""The words of a purchase order for the supplier, in the languages that are written here; English else.

Dates are numbers in the order of the language; amounts have the shop's own separators where it told them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sidecar.core.store import ShopFacts

NBSP = "\u00a0"


@dataclass(frozen=True)
class Words:
    """One language: what stands on the PDF, then the mail; `lines` and `pieces` are one and several."""

    subject: str
    title: str
    to: str
    dated: str
    due: str
    ship_to: str
    note: str
    columns: tuple[str, ...]
    total: str
    total_open: str
    hello: str
    hello_nobody: str
    attached: str
    deliver: str
    confirm: str
    lines: tuple[str, str]
    pieces: tuple[str, str]
    day: str
    decimal: str
    thousand: str

    def date(self, day: date) -> str:
        """The day in numbers."""
        return day.strftime(self.day)

    def amount(self, plain: str, facts: ShopFacts) -> str:
        """An amount such as `1234.50`, with separators."""
        decimal = self.decimal if facts.decimal_separator is None else facts.decimal_separator
        thousand = self.thousand if facts.thousand_separator is None else facts.thousand_separator
        whole, _, rest = plain.partition(".")
        # A space that may break would part an amount in two lines.
        grouped = f"{int(whole):,}".replace(",", thousand.replace(" ", NBSP))
        return f"{grouped}{decimal}{rest}" if rest else grouped

    def counted(self, lines: int, pieces: int) -> str:
        """How much is ordered: `2 lines, 24 pieces`."""
        return f"{lines} {self.lines[lines != 1]}, {pieces} {self.pieces[pieces != 1]}"


def words_of(locale: str) -> Words:
    """The words for a locale of WordPress, such as `de_DE_formal`."""
    return WORDS.get(locale.split("_")[0].lower(), WORDS["en"])


WORDS = {
    "en": Words(
        subject="Purchase order {number} of {shop}",
        title="Purchase order {number}",
        to="To: {name}",
        dated="Date: {day}",
        due="Please deliver by: {day}",
        ship_to="Deliver to",
        note="Note",
        columns=("Your no.", "Our no.", "Product", "Pieces", "Price", "Total"),
        total="Total: {amount}",
        total_open="Total of the lines with a price: {amount}",
        hello="Hello {name},",
        hello_nobody="Hello,",
        attached="Please find our purchase order {number} attached ({what}).",
        deliver="Please deliver by {day}.",
        confirm="Please confirm the order by answering this mail.",
        lines=("line", "lines"),
        pieces=("piece", "pieces"),
        day="%Y-%m-%d",
        decimal=".",
        thousand=",",
    ),
    "de": Words(
        subject="Bestellung {number} von {shop}",
        title="Bestellung {number}",
        to="An: {name}",
        dated="Datum: {day}",
        due="Bitte liefern bis: {day}",
        ship_to="Lieferadresse",
        note="Bemerkung",
        columns=("Ihre Nr.", "Unsere Nr.", "Artikel", "Stück", "Preis", "Summe"),
        total="Summe: {amount}",
        total_open="Summe der Positionen mit Preis: {amount}",
        hello="Guten Tag {name},",
        hello_nobody="Guten Tag,",
        attached="anbei erhalten Sie unsere Bestellung {number} ({what}).",
        deliver="Bitte liefern Sie bis zum {day}.",
        confirm="Bitte bestätigen Sie die Bestellung mit einer Antwort auf diese E-Mail.",
        lines=("Position", "Positionen"),
        pieces=("Stück", "Stück"),
        day="%d.%m.%Y",
        decimal=",",
        thousand=".",
    ),
    "fr": Words(
        subject="Bon de commande {number} de {shop}",
        title="Bon de commande {number}",
        to="Destinataire : {name}",
        dated="Date : {day}",
        due="Livraison au plus tard le : {day}",
        ship_to="Adresse de livraison",
        note="Remarque",
        columns=("Votre réf.", "Notre réf.", "Produit", "Qté", "Prix", "Total"),
        total="Total : {amount}",
        total_open="Total des lignes avec prix : {amount}",
        hello="Bonjour {name},",
        hello_nobody="Bonjour,",
        attached="veuillez trouver ci-joint notre bon de commande {number} ({what}).",
        deliver="Merci de livrer au plus tard le {day}.",
        confirm="Merci de confirmer la commande en répondant à cet e-mail.",
        lines=("ligne", "lignes"),
        pieces=("pièce", "pièces"),
        day="%d/%m/%Y",
        decimal=",",
        thousand=NBSP,
    ),
    "es": Words(
        subject="Pedido de compra {number} de {shop}",
        title="Pedido de compra {number}",
        to="Para: {name}",
        dated="Fecha: {day}",
        due="Entrega a más tardar el: {day}",
        ship_to="Dirección de entrega",
        note="Nota",
        columns=("Su ref.", "Nuestra ref.", "Producto", "Cant.", "Precio", "Total"),
        total="Total: {amount}",
        total_open="Total de las líneas con precio: {amount}",
        hello="Hola, {name}:",
        hello_nobody="Hola:",
        attached="Adjuntamos nuestro pedido de compra {number} ({what}).",
        deliver="Rogamos la entrega a más tardar el {day}.",
        confirm="Por favor, confirmen el pedido respondiendo a este correo.",
        lines=("línea", "líneas"),
        pieces=("unidad", "unidades"),
        day="%d/%m/%Y",
        decimal=",",
        thousand=".",
    ),
    "it": Words(
        subject="Ordine d'acquisto {number} di {shop}",
        title="Ordine d'acquisto {number}",
        to="Destinatario: {name}",
        dated="Data: {day}",
        due="Consegna entro il: {day}",
        ship_to="Indirizzo di consegna",
        note="Nota",
        columns=("Vs. cod.", "Ns. cod.", "Prodotto", "Q.tà", "Prezzo", "Totale"),
        total="Totale: {amount}",
        total_open="Totale delle righe con prezzo: {amount}",
        hello="Buongiorno {name},",
        hello_nobody="Buongiorno,",
        attached="in allegato trova il nostro ordine d'acquisto {number} ({what}).",
        deliver="Si prega di consegnare entro il {day}.",
        confirm="La preghiamo di confermare l'ordine rispondendo a questa e-mail.",
        lines=("riga", "righe"),
        pieces=("pezzo", "pezzi"),
        day="%d/%m/%Y",
        decimal=",",
        thousand=".",
    ),
    "nl": Words(
        subject="Inkooporder {number} van {shop}",
        title="Inkooporder {number}",
        to="Aan: {name}",
        dated="Datum: {day}",
        due="Graag leveren uiterlijk: {day}",
        ship_to="Afleveradres",
        note="Opmerking",
        columns=("Uw nr.", "Ons nr.", "Product", "Aantal", "Prijs", "Totaal"),
        total="Totaal: {amount}",
        total_open="Totaal van de regels met een prijs: {amount}",
        hello="Beste {name},",
        hello_nobody="Goedendag,",
        attached="in de bijlage vindt u onze inkooporder {number} ({what}).",
        deliver="Graag leveren uiterlijk {day}.",
        confirm="Wilt u de order bevestigen door deze e-mail te beantwoorden?",
        lines=("regel", "regels"),
        pieces=("stuk", "stuks"),
        day="%d-%m-%Y",
        decimal=",",
        thousand=".",
    ),
    "pl": Words(
        subject="Zamówienie {number} od {shop}",
        title="Zamówienie {number}",
        to="Dostawca: {name}",
        dated="Data: {day}",
        due="Prosimy o dostawę do: {day}",
        ship_to="Adres dostawy",
        note="Uwagi",
        columns=("Państwa nr", "Nasz nr", "Produkt", "Szt.", "Cena", "Razem"),
        total="Razem: {amount}",
        total_open="Razem pozycje z ceną: {amount}",
        # A name after a greeting would have to be in the vocative.
        hello="Dzień dobry,",
        hello_nobody="Dzień dobry,",
        attached="w załączniku przesyłamy nasze zamówienie {number} ({what}).",
        deliver="Prosimy o dostawę do {day}.",
        confirm="Prosimy o potwierdzenie zamówienia w odpowiedzi na tę wiadomość.",
        lines=("poz.", "poz."),
        pieces=("szt.", "szt."),
        day="%d.%m.%Y",
        decimal=",",
        thousand=NBSP,
    ),
    "pt": Words(
        subject="Pedido de compra {number} de {shop}",
        title="Pedido de compra {number}",
        to="Para: {name}",
        dated="Data: {day}",
        due="Entregar até: {day}",
        ship_to="Endereço de entrega",
        note="Observação",
        columns=("Sua ref.", "Nossa ref.", "Produto", "Qtd.", "Preço", "Total"),
        total="Total: {amount}",
        total_open="Total das linhas com preço: {amount}",
        hello="Olá, {name},",
        hello_nobody="Olá,",
        attached="segue em anexo o nosso pedido de compra {number} ({what}).",
        deliver="Pedimos a entrega até {day}.",
        confirm="Por favor, confirmem o pedido respondendo a este e-mail.",
        lines=("linha", "linhas"),
        pieces=("unidade", "unidades"),
        day="%d/%m/%Y",
        decimal=",",
        thousand=".",
    ),
}
"""By the first part of the locale."""
