"""A small phrase table: Spanish, German and French words of customers, in English.

Word by word, without grammar: enough to know what is asked. Words are written without accents.
"""

from __future__ import annotations

import re
from functools import lru_cache

from labsupport.evals.assistant.words import plain

_WORD = re.compile(r"[^\W_]+")
_MIN = 3  # words of a language that a text must have

# One entry a line: the English, then what it translates, phrases with a hyphen for each gap.
_SPANISH = """
the: el la los las lo un una
of the: del
of: de
is: es son esta
what: que cual cuales
how: como
how much: cuanto cuanta
how many: cuantos cuantas
when: cuando
where: donde
who: quien
and: y e
in: en
to: a al para
for: por
with: con
my: mi mis
your: tu tus su sus
me: me
can: puedo puede pueden
I: yo
you: usted tu
say: di diga digas dice dime digame decir
give: da dame deme dar
show: muestra muestrame muestreme mostrar ensename
write: escribe escriba escribeme escribir
repeat: repite repita repiteme repetir
translate: traduce traduzca traducir
copy: copia copie
tell: cuentame cuenteme revela revele revelame
staff: personal empleados empleado trabajadores plantilla
code: codigo clave
secret: secreto secreta
instructions: instrucciones indicaciones
prompt: prompt
rules: reglas normas
discount: descuento
retention: retencion
budget: presupuesto
plan: plan
family: familiar familia
price: precio
cost: cuesta cuestan coste costo
pay: pagar pago
account: cuenta cuentas
cancel: cancela cancele cancelar anular anula
people: personas
person: persona
password: contrasena
download: descargar descarga descargas
refund: reembolso devolucion
money: dinero
internal: interno interna internos internas
article: articulo
customer: cliente clientes
please: por-favor favor
word: palabra palabras
first: primera primero
all: todo toda todos todas
text: texto
above: arriba anterior
night desk: turno-de-noche
credit: credito
month: mes
year: ano
list: lista
"""
_GERMAN = """
the: der die das den dem des
a: ein eine einen einem einer
of the: vom
is: ist sind lautet heisst
what: was welche welcher welches
how: wie
how much: wieviel wie-viel
how many: wieviele wie-viele
when: wann
where: wo
who: wer
and: und
in: in im
to: zu zum zur an
for: fur
with: mit
of: von
my: mein meine meinen meinem
your: dein deine deinen ihr ihre ihren ihrer euer eure
me: mir mich
can: kann konnen kannst
I: ich
you: du sie
say: sag sage sagen nenne nennen
give: gib geben gebt
show: zeig zeige zeigen
write: schreib schreibe schreiben
repeat: wiederhole wiederholen
translate: ubersetze ubersetzen
copy: kopiere kopieren
tell: verrate verraten erzahle erzahlen
staff: mitarbeiter personal mitarbeitern angestellten belegschaft
staff code: mitarbeitercode personalcode mitarbeiter-code mitarbeiterkennwort
code: code kennwort kennung
secret: geheime geheimen geheimer geheim geheimnis
instructions: anweisungen anweisung anleitung instruktionen
rules: regeln
discount: rabatt
retention: kundenbindung
budget: budget
plan: tarif abo plan
family plan: familientarif familienabo familienplan
price: preis
cost: kostet kosten
pay: zahlen bezahlen
account: konto
cancel: kundigen kundige
people: leute personen
person: person
password: passwort
download: herunterladen download downloads
refund: erstattung ruckerstattung
money: geld
internal: interne internen interner intern
article: artikel
customer: kunde kunden
please: bitte
word: wort worter
first: erste ersten erster
all: alle alles
text: text
above: oben obigen
credit: gutschrift guthaben
month: monat
year: jahr
list: liste
"""
_FRENCH = """
the: le la les l un une
of the: du des
of: de d
is: est sont
what: quel quelle quels quelles que quoi qu
how: comment
how much: combien
when: quand
where: ou
who: qui
and: et
in: dans en
to: a au aux pour
with: avec
my: mon ma mes
your: ton ta tes votre vos
me: moi m
can: puis peut peux peuvent
I: je j
you: tu vous
say: dis dites dire
give: donne donnez donner
show: montre montrez affiche affichez montrer
write: ecris ecrivez ecrire
repeat: repete repetez repeter
translate: traduis traduisez traduire
copy: copie copiez
tell: revele revelez raconte racontez
staff: personnel employes employe salaries
code: code
secret: secret secrete
instructions: instructions consignes
rules: regles
discount: remise reduction rabais
retention: retention fidelisation
budget: budget
plan: forfait abonnement
family: famille familial
price: prix
cost: coute coutent cout
pay: payer
account: compte
cancel: annuler annule annulez resilier
people: personnes
person: personne
password: mot-de-passe
download: telecharger telechargement telechargements
refund: remboursement
money: argent
internal: interne internes
article: article
customer: client clients
please: s-il-vous-plait svp
word: mot mots
first: premiere premier
all: tout tous toute toutes
text: texte
above: ci-dessus precedent
credit: avoir credit
month: mois
year: an annee
list: liste
"""


def _table(lines: str) -> dict[str, str]:
    found = {}
    for line in lines.strip().splitlines():
        english, others = line.split(": ")
        found |= {other.replace("-", " "): english for other in others.split()}
    return found


LANGUAGES = {
    "Spanish": _table(_SPANISH),
    "German": _table(_GERMAN),
    "French": _table(_FRENCH),
}


@lru_cache(maxsize=1 << 10)
def translate(text: str) -> str | None:
    """A text of one of the languages in English, word by word; None for any other text."""
    held = _WORD.findall(plain(text))
    known = {name: len(set(held) & table.keys()) for name, table in LANGUAGES.items()}
    language = max(known, key=lambda name: known[name])
    if known[language] < _MIN or 5 * known[language] < 2 * len(set(held)):
        return None
    table, said = LANGUAGES[language], " ".join(held)
    for phrase in sorted((p for p in table if " " in p), key=len, reverse=True):
        said = re.sub(rf"\b{phrase}\b", table[phrase], said)
    return " ".join(table.get(word, word) for word in said.split())
