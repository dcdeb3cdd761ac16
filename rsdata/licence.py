"""What the licences and terms of the sources allow, as one table.

A summary to sort and to warn by, not legal advice: the terms of a dataset are what its authors wrote, and a dataset's
licence often covers the labels and not the pixels. Three answers are possible for each right: True, False, and None for
"the terms that were read do not say".
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence or set of terms. `name` is an SPDX id where one exists, else a short name of ours.

    `commercial`: commercial use is allowed. `redistribution`: the data may be passed on. `attribution`: the source must
    be named. `share_alike`: what is derived must carry the same licence. `research_only`: research or teaching only.
    """

    name: str
    title: str
    commercial: bool | None = None
    redistribution: bool | None = None
    attribution: bool | None = None
    share_alike: bool | None = None
    research_only: bool | None = None
    url: str = ""
    note: str = ""

    @property
    def known(self) -> bool:
        """False for names that are not in the table, and for sources that state no terms."""
        return self.name not in ("unknown", "none-stated")


CC = "https://creativecommons.org/licenses/"
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
        url=f"{CC}{kind.lower()}/{version}/",
        note="no derived works: cut or re-encoded copies may not be passed on" if "ND" in parts else "",
    )


def _open(name: str, title: str, url: str, attribution: bool = True, share_alike: bool = False) -> Licence:
    return Licence(name, title, True, True, attribution, share_alike, False, url)


def _research(name: str, title: str, note: str = "", redistribution: bool | None = None) -> Licence:
    return Licence(name, title, False, redistribution, True, None, True, note=note)


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
