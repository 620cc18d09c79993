"""Words and sentences, as retrieval, the extractive writer and a guard read them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][\"'”])\s+|\n+")
_FILLERS = """
much many long often
a about all also am an and any are as at be been but by can could did do does for from had has
have he her hers hi him his how i if in into is it its just let like may me might my no not of
on or our please shall she should so some such than that the their them then there these they
this those to too up us very was we were what when where which who whom whose why will with
would yes you your ll re ve s t d m
"""
_ACTIONS = """
accept add adopt allow answer append apply approve ask avoid begin bring buy call cancel change
check choose clear click close collect come complete confirm connect contact continue copy
correct create decide decline delete deny describe direct disconnect disregard download drag
email end enter explain fill find follow forget forward get give go grant hand hold ignore
include inform insert install invite keep leave let list log look make mention move name never
note obey offer open output pause pay perform pick play plug point post press print promise
provide pull put quote read recite recommend redeem refer refund register remind remove rename
repeat replace reply report request reset respond restart restore return reveal run save say
scan scroll search select send set share show sign skip start state stop submit swipe switch
take tap tell transfer translate try turn type uninstall unplug update upgrade upload use verify
visit wait walk watch write
"""
_STOP = frozenset(_FILLERS.split())
VERBS = frozenset(_ACTIONS.split())  # that a request begins with
_LEAD = re.compile(
    r"^(?:[-*•\d.)\s]*)(?:(?:first|second|third|next|then|now|finally|please|afterwards|also|"
    r"assistant|note to (?:the )?assistant|important|system)\b[,:]?\s+)*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"^(?:if|when|whenever|before|after|once|to)\b[^,:]*,\s*", re.IGNORECASE)


COMMON = frozenset(_STOP | VERBS)  # English that everybody knows


@lru_cache(maxsize=1 << 14)
def plain(text: str) -> str:
    """Lower case without accents: Código and codigo are one word."""
    text = text.casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """What stands for a word and for its other endings: share, shares, shared, sharing."""
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and word[-2] not in "siu":
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            word = word[: -len(ending)]
            break
    word = word[:-1] + "i" if word.endswith("y") else word.removesuffix("e")
    return word[:-1] if len(word) > 2 and word[-1] == word[-2] else word


@lru_cache(maxsize=1 << 14)
def words(text: str) -> tuple[str, ...]:
    """The stems of all words that say something, in order."""
    return tuple(stem(word) for word in _WORD.findall(plain(text)) if word not in _STOP)


@lru_cache(maxsize=1 << 12)
def sentences(text: str) -> tuple[str, ...]:
    """A text cut after ., ! and ?, and at the ends of lines."""
    return tuple(part.strip() for part in _END.split(text) if part.strip())


@lru_cache(maxsize=1 << 13)
def imperative(sentence: str) -> bool:
    """Whether a sentence asks for something to be done: it begins with a verb."""
    bare = _CLAUSE.sub("", _LEAD.sub("", sentence))
    first = _WORD.match(_LEAD.sub("", bare))
    return bool(first) and first.group().lower() in VERBS
