"""Write simple everyday English from patterns and word lists of our own.

Documentation alone has no rivers, trains or Tuesdays. These sentences give the model the
words and shapes of everyday English; the sentences of the corpus themselves are not trained on.
"""

from __future__ import annotations

import re

import numpy as np

_WORDS: dict[str, str] = {
    "person": "Anna Maria Peter Tom Emma Lucas Nora Daniel Sara Paul Julia Felix Oscar Ida Clara "
    "my_mother my_father her_brother his_sister the_teacher the_captain the_doctor the_nurse "
    "the_engineer the_mayor the_old_man the_woman the_neighbour the_cook the_singer the_coach "
    "the_farmer the_king the_guide the_merchant Mr_Baker Mrs_Green Ms_Lopez my_aunt my_friend",
    "animal": "cat dog fox bat horse donkey goat bird owl duck bee fish whale deer mouse heron "
    "elephant stork otter octopus",
    "place": "river sea lake park school library market station harbour bank bridge church house "
    "kitchen garden forest village town island hospital theatre museum street tower mountain "
    "valley office factory field beach coast road square university",
    "city": "Paris London Vienna Lisbon Porto Tokyo Berlin Prague Hamburg Oslo Rome Leeds York",
    "thing": "book letter lamp key door clock table window picture coin ticket hat bell boat car "
    "train bus chair bottle candle nail knife cup note ring program computer machine telescope "
    "violin piano flute ball drawer match spring light",
    "food": "bread soup cake rice honey tea milk coffee butter fruit an_apple an_orange salt sugar",
    "adjective": "old new small large red green blue yellow white dark bright cold warm broken "
    "heavy light long short quiet strong young beautiful empty full wet grey golden narrow",
    "past": "saw found lost bought sold painted carried opened closed watched forgot remembered "
    "wanted broke built cleaned brought took left kept moved",
    "went": "went walked ran drove came returned climbed travelled hurried",
    "said": "said whispered explained asked cried answered wrote admitted promised",
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "month": "January February March April May June July August September October November "
    "December",
    "season": "spring summer autumn winter",
    "small": "two three four five six seven eight nine ten eleven twelve twenty forty",
    "weather": "rain snow wind fog thunder storm sun",
    "time": "in_the_morning at_noon in_the_evening at_night before_lunch after_dinner at_dusk",
    "adverb": "slowly quickly quietly at_last again often never always together alone soon",
    "trait": "older taller larger smaller faster heavier brighter quieter younger colder",
    "ordinal": "first second third fourth fifth last next",
    "material": "wood stone iron gold silver glass paper ice",
}

_PATTERNS = """
On {day}, {person} {went} to the {place} and {past} a {adjective} {thing}.
On {n} {month} {year} the {place} was {adjective}, and {person} {past} the {thing}.
In {month} the {place} is {adjective}, and in {month} the {place} is {adjective} again.
Every {season} {person} {went} to {city} with a {thing} and a {thing}.
{person} gave the {thing} to {person2}, and {person2} gave the {thing} back to {person}.
"The {thing} is in the {place}," {said} {person}, "and the {thing2} is in the {place} too."
"Where is the {thing}?" {said} {person}. "In the {place}," {said} {person2}.
Why is the {animal} {trait} than the {animal2}?
The {animal} is {trait} than the {animal2}, and the {animal2} is {trait} than the {animal}.
The {animal} that {past} the {thing} lives near the {place}.
The {animal} sat on the {thing}, the {animal2} sat under the {thing}, and nobody moved.
{person} ate {food} and {food} {time} and left the rest for {person2}.
There are {small} {adjective} chairs in the {place} and {small} more in the {place}.
It was {adjective} on {day}, it was {adjective} on {day}, and on {day} it was {adjective} again.
The {place} opens at {hour} and closes at {hour} from {month} to {month}.
The train from {city} to {city2} leaves at {hour} and arrives in {city2} at {hour}.
From {city} to {city2}, from {city2} to {city}, and back to {city2}.
After the {weather} the {place} was {adjective}, and {person} {went} home {adverb}.
The {ordinal} {thing} was made of {material}, the {ordinal} of {material} and one of {material}.
{person} told {person2} that the {thing} was {adjective}, but {person2} had {adverb} known it.
Of the {n} tickets, {n} were sold on {day} and the rest were sold on {day}.
A {thing} cost {price} in {month} and {price} in {month} of the same year.
When the bell rang, {person} closed the {thing} and {went} into the {weather}.
The light of the sun fell on the {adjective} {thing} in the {place}.
{person} sat on the bank of the river and watched the {animal}.
{person} took the money to the bank and {went} to the {place}.
Have you ever seen a {adjective} {animal} in the {place}?
Which is {trait}, the {adjective} {thing} or the {adjective} {thing2}?
Do you know who {past} the {thing} {time}?
Please bring the {thing} to the {place} before {day}.
If the {thing} is {adjective}, then {person} is {adverb} in the {place}.
Neither the {animal} nor the {animal2} {went} into the {place}.
{person} works in a {place} and lives in a {adjective} house by the {place}.
{person} is {trait} than {person2}, but {person2} {adverb} wins.
Between {year} and {year} the {place} grew {adverb}, and {small} new houses were built.
Nobody {past} the {adjective} {thing}, and nobody {past} the {adjective} {thing2}.
In the middle of the {place} there is a {place}, and in the middle of that a {thing}.
What a {adjective} {place}, and what a {adjective} {thing}!
One, two, three, four, {small}, one, two, three, four, {small}.
{person} said that {person2} said that {person} said that the {thing} was {adjective}.
"""

_SLOT = re.compile(r"\{(\w+?)(2?)\}")
_LISTS = {name: [w.replace("_", " ") for w in words.split()] for name, words in _WORDS.items()}
_LINES = _PATTERNS.strip().splitlines()


def _number(name: str, rng: np.random.Generator) -> str:
    if name == "n":
        return str(rng.integers(1, 31))
    if name == "year":
        return str(rng.integers(1480, 2025))
    if name == "hour":
        return f"{rng.integers(6, 23)}:{5 * rng.integers(0, 12):02d}"
    return f"{rng.integers(1, 20)}.{rng.integers(0, 100):02d}"


def sentence(rng: np.random.Generator) -> str:
    """Return one sentence; `{thing}` twice is twice the same thing as often as not."""
    chosen: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        name, slot = match.group(1), match.group(0)
        if name not in _LISTS:
            return _number(name, rng)
        is_said_again = slot in chosen and (
            name in {"person", "city", "animal"} or rng.random() < 0.5
        )
        if not is_said_again:
            chosen[slot] = str(rng.choice(_LISTS[name]))
        return chosen[slot]

    text = _SLOT.sub(fill, _LINES[rng.integers(len(_LINES))])
    return text[0].upper() + text[1:]


def paragraph(rng: np.random.Generator) -> str:
    """Return one to four sentences."""
    return " ".join(sentence(rng) for _ in range(rng.integers(1, 5)))
