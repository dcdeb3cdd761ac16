"""What the licences and terms of sources, models and map data allow, as one table, and what a mix of them allows.

A summary to sort and to warn by, not legal advice: the terms of a dataset are what its authors wrote, and a dataset's
licence often covers the labels and not the pixels. Three answers are possible for each right: True, False, and None for
"the terms that were read do not say"; a policy takes None for no.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence or set of terms. `name` is an SPDX id where one exists, else a short name of ours.

    `commercial`: commercial use is allowed. `redistribution`: the data may be passed on. `attribution`: the source must
    be named. `share_alike`: what is derived must carry the same licence. `research_only`: research or teaching only.
    `derivatives`: cut, re-encoded or re-labelled copies may be passed on, where copies may. `research`: research is
    allowed.
    """

    name: str
    title: str
    commercial: bool | None = None
    redistribution: bool | None = None
    attribution: bool | None = None
    share_alike: bool | None = None
    research_only: bool | None = None
    derivatives: bool | None = None
    research: bool | None = None
    url: str = ""
    note: str = ""

    @property
    def known(self) -> bool:
        """False for names that are not in the table, and for sources that state no terms."""
        return self.name not in ("unknown", "none-stated")


CC = "https://creativecommons.org/licenses/"
UNREAD = "the terms themselves were not read: read them"
GOOGLE_EARTH = "pictures from Google Earth stay under Google's terms"


def _cc(kind: str, version: str) -> Licence:
    """A Creative Commons licence; `kind` is its parts in SPDX order, such as "BY-NC-SA"."""
    parts = kind.split("-")
    return Licence(
        name=f"CC-{kind}-{version}",
        title=f"Creative Commons {kind} {version}",
        commercial="NC" not in parts,
        redistribution=True,
        attribution="BY" in parts,
        share_alike="SA" in parts,
        research_only=False,
        derivatives="ND" not in parts,
        research=True,
        url=f"{CC}{kind.lower()}/{version}/",
        note="no derived works: cut or re-encoded copies may not be passed on" if "ND" in parts else "",
    )


def _open(name: str, title: str, url: str, attribution: bool = True, share_alike: bool = False) -> Licence:
    return Licence(name, title, True, True, attribution, share_alike, False, True, True, url)


def _research(name: str, title: str, note: str = "", redistribution: bool | None = None) -> Licence:
    return Licence(name, title, False, redistribution, True, None, True, redistribution, True, note=note)


def _model(name: str, title: str, url: str, note: str) -> Licence:
    """Terms of a service whose answers belong to who asked, but may not serve to train what competes with it."""
    return Licence(name, title, None, True, False, False, False, True, True, url, note)


_ALL = [
    _open("CC0-1.0", "Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", False),
    _open("public-domain", "Public domain (such as Landsat and other US government works)", "", False),
    *(_cc("BY", version) for version in ("2.0", "3.0", "4.0")),
    *(_cc("BY-SA", version) for version in ("2.0", "3.0", "4.0")),
    *(_cc("BY-NC", version) for version in ("2.0", "3.0", "4.0")),
    *(_cc("BY-NC-SA", version) for version in ("2.0", "3.0", "4.0")),
    _cc("BY-ND", "4.0"),
    _cc("BY-NC-ND", "4.0"),
    _open("ODbL-1.0", "Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/", share_alike=True),
    _open("etalab-2.0", "Etalab Open Licence 2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"),
    _open(
        "CDLA-Permissive-2.0", "Community Data License Agreement, permissive 2.0", "https://cdla.dev/permissive-2-0/"
    ),
    _open("MulanPSL-1.0", "Mulan Permissive Software License 1", "http://license.coscl.org.cn/MulanPSL"),
    _open("MulanPSL-2.0", "Mulan Permissive Software License 2", "http://license.coscl.org.cn/MulanPSL2"),
    _open("Apache-2.0", "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    _open("MIT", "MIT License", "https://opensource.org/license/mit"),
    _open("BSD-3-Clause", "BSD 3-Clause License", "https://opensource.org/license/bsd-3-clause"),
    _open("cc3m", "Conceptual Captions: any purpose, naming Google; the images belong to their owners", ""),
    _research("academic-only", "Academic use only, commercial use prohibited", GOOGLE_EARTH),
    _research("research-only", "Scientific research only"),
    _research("research-cite", "Open for research with citation"),
    _research("ISPRS", "Research use, naming ISPRS and the DGPF", "handed out on request", redistribution=False),
    _research("on-request", "Handed out on request under a research agreement", redistribution=False),
    _research("competition", "Rules of a competition (Kaggle or similar)", redistribution=False),
    Licence(
        "non-commercial", "Non-commercial use, in words of its own", False, attribution=True, research=True, note=UNREAD
    ),
    Licence("fMoW-Challenge", "Functional Map of the World Challenge Public License", note=UNREAD),
    Licence(
        "google-maps-content",
        "Google Maps content: the terms forbid to store it, to pass it on and to make other data of it",
        *(False, False, True, None, False, False, False),
        url="https://cloud.google.com/maps-platform/terms",
    ),
    _model(
        "gemini-terms",
        "Gemini API Additional Terms of Service",
        "https://ai.google.dev/gemini-api/terms",
        "not to develop models that compete with the Gemini API: decide that for the model to be trained",
    ),
    _model(
        "openai-terms",
        "OpenAI Services Agreement",
        "https://openai.com/policies/services-agreement/",
        "not to develop models that compete with OpenAI: decide that for the model to be trained",
    ),
    Licence("owners", "Every picture belongs to its owner; read the terms of its place of origin"),
    Licence("mixed", "Follows the origin of each image; see the source's own table"),
    Licence("none-stated", "The source states no licence"),
    Licence("unknown", "Not known"),
]
TABLE: dict[str, Licence] = {licence.name: licence for licence in _ALL}

_ALIASES = {
    "academic": "academic-only",
    "academicuseonly": "academic-only",
    "forscientificresearchonly": "research-only",
    "researchuse": "research-only",
    "researchuseonly": "research-only",
    "research": "research-only",
    "odbl": "ODbL-1.0",
    "etalab": "etalab-2.0",
    "etalabopenlicence2.0": "etalab-2.0",
    "mulanpsl": "MulanPSL-1.0",
    "mulanpslv1": "MulanPSL-1.0",
    "mulanpslv2": "MulanPSL-2.0",
    "apache": "Apache-2.0",
    "bsd3": "BSD-3-Clause",
    "bsd": "BSD-3-Clause",
    "cc0": "CC0-1.0",
    "kaggle": "competition",
    "noncommercialuse": "non-commercial",
    "publicdomain": "public-domain",
    "none": "none-stated",
    "nolicencestated": "none-stated",
    "nolicencefile": "none-stated",
    "other": "unknown",
    "": "unknown",
}


def _folded(name: str) -> str:
    """Lower case, without what stands in brackets, spaces, dashes and underscores."""
    return re.sub(r"[\s_-]+", "", re.sub(r"\([^)]*\)", "", name)).lower()


_BY_FOLDED = {_folded(name): name for name in TABLE} | _ALIASES


def lookup(name: str) -> Licence:
    """The licence behind a name as sources write it: "cc by 4.0", "CC-BY-4.0", "academic use only (DOTA)".

    A name that is not in the table gives a Licence of that name about which nothing is known (every right None), so
    that nobody takes silence for leave.
    """
    found = _BY_FOLDED.get(_folded(name))
    if found:
        return TABLE[found]
    return Licence("unknown", name, note="not in the table of licences: read the source's own terms")


MODELS = (  # what stands in a model's name, small letters -> the licence of its weights, or the terms of its service
    (r"nllb", "CC-BY-NC-4.0"),
    (r"tower", "CC-BY-NC-4.0"),
    (r"m2m[-_]?100", "MIT"),
    (r"madlad", "Apache-2.0"),
    (r"opus-mt", "CC-BY-4.0"),
    (r"gemini", "gemini-terms"),
    (r"gpt-\d|chatgpt|^o\d\b", "openai-terms"),
)
UNLICENSED = ("human", "alt", "b2c", "template")  # captions of the source itself, or of rsdata's own rules


def of_caption(origin: str) -> Licence | None:
    """The licence of the model behind a caption's origin ("mt:nllb-200-distilled-600M", "llm:gemini-2.5-flash"); None
    where no model wrote it, so that the licence of its source is all there is. A model that is not in MODELS gives a
    Licence about which nothing is known."""
    if origin in UNLICENSED:
        return None
    model = origin.partition(":")[2] or origin
    for pattern, name in MODELS:
        if re.search(pattern, model.lower()):
            return TABLE[name]
    return Licence("unknown", f"terms of the model {model}", note="not in the table of models: read its terms")


POLICIES = {
    "commercial": "commercial use is allowed",
    "research": "use for research is allowed",
    "redistributable": "copies, also cut and re-encoded ones, may be passed on",
}


def fits(licence: Licence, policy: str, allow: Collection[str] = ()) -> bool:
    """Whether a licence grants what a policy wants; silence is no leave. `allow`: names of licences whose terms were
    read and accepted. Raises KeyError for a policy that is none of POLICIES."""
    granted = {
        "commercial": licence.commercial,
        "research": licence.research,
        "redistributable": licence.redistribution and licence.derivatives,
    }[policy]
    return bool(granted) or any(lookup(name) == licence for name in allow)


def together(licences: Iterable[Licence]) -> Licence:
    """What may be done with a whole of several parts: a right is had where every part grants it, a duty holds where any
    part asks it. The name joins the names by AND, as an SPDX expression does."""
    parts = sorted(set(licences), key=lambda one: (one.name, one.title))
    names = list(dict.fromkeys(one.name for one in parts))
    if len(parts) == 1:
        return parts[0]
    return Licence(
        " AND ".join(names) or "none-stated",
        f"{len(names)} licences, all of which hold",
        commercial=_every([one.commercial for one in parts]),
        redistribution=_every([one.redistribution for one in parts]),
        attribution=_any([one.attribution for one in parts]),
        share_alike=_any([one.share_alike for one in parts]),
        research_only=_any([one.research_only for one in parts]),
        derivatives=_every([one.derivatives for one in parts]),
        research=_every([one.research for one in parts]),
    )


def conflicts(licences: Iterable[Licence]) -> list[str]:
    """What stands in the way of one whole: share-alike licences that differ, or one that allows no derived works."""
    parts = sorted(set(licences), key=lambda one: (one.name, one.title))
    alike = sorted({one.name for one in parts if one.share_alike})
    fixed = sorted({one.name for one in parts if one.redistribution and one.derivatives is False})
    found = []
    if len(alike) > 1:
        found.append(
            f"{', '.join(alike)} each want what is derived under their own terms; keep their parts apart, or pack them"
            " as separate corpora"
        )
    if fixed:
        found.append(f"{', '.join(fixed)}: cut, re-encoded or re-labelled copies may not be passed on")
    return found


def rights(licence: Licence) -> dict[str, bool | None]:
    """The rights and duties as plain data; null stands for "read the terms"."""
    names = ("commercial", "redistribution", "derivatives", "research", "attribution", "share_alike", "research_only")
    return {name: getattr(licence, name) for name in names}


def word(right: bool | None) -> str:
    """A right as a word of a table."""
    return {True: "yes", False: "no", None: "read the terms"}[right]


def _every(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values or not values else True


def _any(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values or not values else False


def summary(licence: Licence) -> str:
    """A few words for a table: "no commercial use, share alike"."""
    parts = []
    if licence.research_only:
        parts.append("research only")
    elif licence.commercial is False:
        parts.append("no commercial use")
    if licence.redistribution is False:
        parts.append("not to be passed on")
    if licence.share_alike:
        parts.append("share alike")
    if licence.attribution:
        parts.append("name the source")
    if licence.commercial is None and licence.redistribution is None:
        parts.append("terms not known")
    return ", ".join(parts) or "free"
