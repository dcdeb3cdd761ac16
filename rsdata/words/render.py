"""The machinery of grammar: facts without a language in, one sentence of a language out.

A language is `langs/<code>.toml`; this module holds no sentence and no word. Facts are a mapping from slot names to

- a tuple of `Group`s, said as a list of noun phrases ("four ships, a harbor, and many small vehicles"),
- a string, a key into `[phrases.<slot>]` of the language (`place = "top_left"`),
- a number, written with the language's decimal sign,
- and two that are no slots: `pick`, which template of the rule to take, and `style`, the table `[styles.<style>]`
  with its list signs, its quantifiers and the largest number written as a word.

Templates hold slots in braces: `{things}`, `{things.gen}` (in a grammatical case), `{are@things}` (a word of `[words]`
that agrees with the list) and `{are@things.first}` (with its first member). The head of en.toml has the whole format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rsdata.errors import BadRecipe

LANGS = Path(__file__).parent / "langs"
CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other", "plural", "mass"})
_SLOT = re.compile(r"\{([^{}]+)\}")
_SOUND = re.compile(r"(.)(\([^()]*\))?\[([^|\]]*)\|([^|\]]*)\]")


class Group(NamedTuple):
    """Objects of one concept. `amount` is the name of a noun phrase pattern of the language: a, count, many, mass, ...

    `n` is how many; `key` is for patterns that quote a phrase (`share`); `pick` chooses among quantifiers.
    """

    concept: str
    amount: str
    n: int = 0
    pick: int = 0
    key: str = ""


class Phrase(NamedTuple):
    """Said text with what other words must agree with."""

    text: str
    number: str
    gender: str


Facts = Mapping[str, Any]
Op = Callable[[Facts], str]


def available() -> list[str]:
    """The codes of the languages that have a file, English first."""
    codes = sorted(path.stem for path in LANGS.glob("*.toml"))
    return sorted(codes, key=lambda code: code != "en")


@lru_cache(maxsize=32)
def language(code: str) -> Language:
    """One language, read from its TOML once. Raises BadRecipe for a language without a file."""
    path = LANGS / f"{code}.toml"
    if not path.is_file():
        raise BadRecipe(f"no language {code!r}: langs can be {', '.join(available())}")
    return Language(code, tomllib.loads(path.read_text(encoding="utf-8")))


def render(lang: str, rule: str, facts: Facts) -> str:
    """The sentence of `rule` (family/template) for `facts` in language `lang`."""
    return language(lang).sentence(rule, facts)


def variants(lang: str, rule: str) -> int:
    """How many templates a language has for a rule; `facts["pick"]` counts through them, modulo this number."""
    return len(language(lang).templates(rule))


def _flatten(table: Any) -> dict[str, str]:
    """`{one = "x", gen = {one = "y"}}` -> `{"one": "x", "gen.one": "y"}`; a bare string becomes `{"": "x"}`."""
    if not isinstance(table, dict):
        return {"": str(table)}
    flat: dict[str, str] = {}
    for key, value in table.items():
        for rest, text in _flatten(value).items():
            flat[f"{key}.{rest}".rstrip(".")] = text
    return flat


def _phrase_forms(entry: Any) -> dict[str, str]:
    """A phrase is a string, or a table: `text`, its forms by case, and the `number` and `gender` of its head word."""
    forms = _flatten(entry)
    if "text" in forms:
        forms[""] = forms.pop("text")
    return forms


def _agree(forms: Mapping[str, str], number: str, gender: str, case: str) -> str:
    """The form for number, gender and case: the key that names most of them, cases before genders before numbers.

    `number` is a CLDR category; one of two, few, many, ... that no key of the word names agrees as `other`.
    """
    if number not in ("one", "other") and not any(number in key.split(".") for key in forms):
        number = "other"
    for features in (
        (number, gender, case),
        (number, case),
        (gender, case),
        (case,),
        (number, gender),
        (number,),
        (gender,),
        (),
        ("other",),
    ):
        text = forms.get(".".join(filter(None, features)))
        if text is not None:
            return text
    raise KeyError(f"no form for number {number!r}, gender {gender!r}, case {case!r} among {sorted(forms)}")


def _ends_in_consonant(char: str) -> bool:
    """Whether a Hangul syllable has a final consonant, or a digit is read with one; anything else has none."""
    if "가" <= char <= "힣":
        return (ord(char) - 0xAC00) % 28 != 0
    return char in "013678"


def _ends_in_l(char: str) -> bool:
    """Whether a Hangul syllable, or a digit as it is read, ends in the consonant l: 물, 1 (일)."""
    if "가" <= char <= "힣":
        return (ord(char) - 0xAC00) % 28 == 8
    return char in "178"


def _after_sound(match: re.Match[str]) -> str:
    """`X[A|B]` -> `XA` where X ends in a consonant, else `XB` (Korean particles).

    A parenthesis between is looked through: `숲(절반)[이|가]` -> `숲(절반)이`. [으로|로] takes l for a vowel: 물로.
    """
    before, aside, consonant, vowel = match.groups()
    closed = _ends_in_consonant(before) and not (consonant.startswith("으로") and _ends_in_l(before))
    return str(before + (aside or "") + (consonant if closed else vowel))


class Language:
    """One language: its tables, and templates compiled when first used."""

    def __init__(self, code: str, table: dict[str, Any]) -> None:
        self.code = code
        self.table = table
        self._words = {name: _flatten(forms) for name, forms in table["words"].items()}
        self._numbers = {int(n): _flatten(forms) for n, forms in table["numbers"].items()}
        self._phrases = {
            slot: {key: _phrase_forms(text) for key, text in keys.items()} for slot, keys in table["phrases"].items()
        }
        self._joints = [(re.compile(find), put) for find, put in table.get("joints", [])]
        self._sounds = bool(table.get("sounds", False))
        self._decimal = str(table.get("decimal", "."))
        self._scene = str(table.get("scene", "a"))
        self._mixed = str(table.get("mixed_gender", ""))
        self._leads = frozenset(table.get("list_follows", ()))
        self._rules: dict[str, list[list[str | Op]]] = {}
        self.noun = lru_cache(maxsize=None)(self._noun)
        self.category = lru_cache(maxsize=65536)(self._category)
        self.phrase = lru_cache(maxsize=262144)(self._phrase)
        self.list_phrase = lru_cache(maxsize=65536)(self._list_phrase)
        self.named = lru_cache(maxsize=None)(self._named)

    def sentence(self, rule: str, facts: Facts) -> str:
        """Fill one template of a rule: `facts["pick"]` chooses which."""
        compiled = self._rules.get(rule)
        if compiled is None:
            compiled = self._rules[rule] = [self._compile(text) for text in self.templates(rule)]
        template = compiled[facts.get("pick", 0) % len(compiled)]
        text = "".join([part if isinstance(part, str) else part(facts) for part in template])
        for find, put in self._joints:
            text = find.sub(put, text)
        if self._sounds:
            text = _SOUND.sub(_after_sound, text)
        return text[:1].upper() + text[1:]

    def templates(self, rule: str) -> list[str]:
        """The template texts of a rule."""
        family, _, name = rule.partition("/")
        try:
            texts: list[str] = self.table["templates"][family][name]
        except KeyError:
            raise BadRecipe(f"language {self.code} has no template for the rule {rule!r}") from None
        return texts

    def rules(self) -> Iterator[str]:
        """Every rule that has templates, as family/template."""
        for family, names in self.table["templates"].items():
            yield from (f"{family}/{name}" for name in names)

    # -- templates

    def _compile(self, template: str) -> list[str | Op]:
        pieces = _SLOT.split(template)
        ops = [self._slot(piece) if odd % 2 else piece for odd, piece in enumerate(pieces)]
        return [op for op in ops if op != ""]

    def _slot(self, slot: str) -> Op:
        word, at, target = slot.partition("@")
        if at:
            name, _, first = target.partition(".")
            forms = self._words[word]
            agree = lru_cache(maxsize=None)(lambda number, gender: _agree(forms, number, gender, ""))
            return lambda facts: agree(*self._features(facts, name, first == "first"))
        name, _, case = slot.partition(".")
        return lambda facts: self._say(name, facts[name], case, facts["style"])

    def _features(self, facts: Facts, name: str, first: bool) -> tuple[str, str]:
        """Number and gender of what stands in a slot, or of its first member: what a word agrees with."""
        value = facts[name]
        if isinstance(value, str):
            phrase = self._phrases[name.rstrip("0123456789")][value]
            return phrase.get("number", "one"), phrase.get("gender", "")
        _, number, gender = self.list_phrase(value[:1] if first else value, "", facts["style"])
        return number, gender

    def _say(self, name: str, value: Any, case: str, style: str) -> str:
        if isinstance(value, tuple):
            return self.list_phrase(value, case, style).text
        if isinstance(value, str):
            return self.named(name, value, case)
        return str(value).replace(".", self._decimal)

    def _named(self, slot: str, value: str, case: str) -> str:
        return _agree(self._phrases[slot.rstrip("0123456789")][value], "", "", case)

    # -- noun phrases

    def _list_phrase(self, groups: tuple[Group, ...], case: str, style: str) -> Phrase:
        """Noun phrases joined by the style's list signs; a list of two or more is plural.

        `list_follows` names the numbers of a first member with which the whole list agrees instead (видно пять ..).
        """
        if len(groups) == 1:
            return self.phrase(groups[0], case, style)
        phrases = [self.phrase(group, case, style) for group in groups]
        signs = self.table["styles"][style]["list"]
        texts = [phrase.text for phrase in phrases]
        if len(texts) == 2:
            text = signs["two"].join(texts)
        else:
            text = signs["more"].join(texts[:-1]) + signs["last"] + texts[-1]
        genders = {phrase.gender for phrase in phrases}
        number = phrases[0].number if phrases[0].number in self._leads else "other"
        return Phrase(text, number, genders.pop() if len(genders) == 1 else self._mixed)

    def _phrase(self, group: Group, case: str, style: str) -> Phrase:
        noun = self.noun(group.concept)
        pattern, number, own_gender = self._pattern(group, noun, style)
        gender = noun.get("gender", "")
        category = self._form_category(group)
        inside = own_gender or gender if group.amount in ("mass", "share") else gender  # of the word in the pattern

        def fill(match: re.Match[str]) -> str:
            return self._noun_slot(match[1], group, noun, category, (number, inside, case), style)

        return Phrase(_SLOT.sub(fill, pattern), number, own_gender or gender)

    def _pattern(self, group: Group, noun: Mapping[str, str], style: str) -> tuple[str, str, str]:
        """The pattern of a group's amount, the grammatical number of what it says, and its gender if not the noun's."""
        amount = group.amount
        if amount in ("many", "other_many"):
            entries = self.table["styles"][style][amount]
            fitting = [entry for entry in entries if entry.get("min", 0) <= group.n <= entry.get("max", group.n)]
            if fitting:
                entry = fitting[group.pick % len(fitting)]
                return entry["text"], entry.get("number", "other"), entry.get("gender", "")
            amount = amount.replace("many", "count")
        if amount == "scene":
            amount = "scene" if "scene" in noun else "mass" if "mass" in noun else self._scene
        number = "other"
        if amount in ("a", "other_a", "named", "name"):
            number = "one"
        elif amount in ("mass", "share", "scene"):
            return self.table["np"][amount], noun.get("mass_number", "one"), noun.get("mass_gender", "")
        elif amount in ("count", "other_count"):
            number = self.category(group.n)
        return self.table["np"][amount], number, ""

    def _form_category(self, group: Group) -> str:
        """Which noun form a bare {noun} of the pattern takes."""
        if group.amount in ("a", "other_a", "scene", "named"):
            return "one"
        if group.amount in ("count", "other_count", "the_count", "all"):
            return self.category(group.n)
        return "plural"

    def _noun_slot(
        self,
        slot: str,
        group: Group,
        noun: Mapping[str, str],
        category: str,
        features: tuple[str, str, str],
        style: str,
    ) -> str:
        number, gender, case = features
        word, at, _ = slot.partition("@")
        if at:
            own = {key[len(word) :].lstrip("."): text for key, text in noun.items() if key.split(".")[0] == word}
            return _agree(own or self._words[word], number, gender, case)
        if slot == "number":
            return self._number(group.n, features, style)
        name, *rest = slot.split(".")
        if name == "noun":
            for part in rest:
                category, case = (part, case) if part in CATEGORIES or part == "scene" else (category, part)
            return self._form(noun, case, category)
        return _agree(self._phrases[name][group.key], "", "", rest[0] if rest else case)

    def _number(self, n: int, features: tuple[str, str, str], style: str) -> str:
        if n > self.table["styles"][style]["words_to"] or n not in self._numbers:
            return str(n)
        return _agree(self._numbers[n], *features)

    def _form(self, noun: Mapping[str, str], case: str, category: str) -> str:
        """The noun's form: in the case if there is one, else the plain one; `plural` and `mass` fall back to other."""
        for key in (f"{case}.{category}", f"{case}.other", category, "other"):
            text = noun.get(key.strip("."))
            if text is not None:
                return text
        raise KeyError(f"noun {dict(noun)} has no form for {case or 'no case'}, {category}")

    def _noun(self, concept: str) -> dict[str, str]:
        try:
            return _flatten(self.table["nouns"][concept])
        except KeyError:
            raise BadRecipe(f"words/langs/{self.code}.toml has no noun for the concept {concept!r}") from None

    def _category(self, n: int) -> str:
        return str(_plural_rule(str(self.table.get("locale", self.code)))(n))


@lru_cache(maxsize=32)
def _plural_rule(code: str) -> Callable[[int], str]:
    from babel import Locale  # takes longer to import than the rest of this package

    rule: Callable[[int], str] = Locale.parse(code).plural_form
    return rule
