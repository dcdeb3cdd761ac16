"""Croissant 1.0 metadata (docs.mlcommons.org/croissant): files with sha256, and the columns of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rsdata import __version__

_TERMS = (
    "citeAs column conformsTo:dct data dataType equivalentProperty examples extract field fileProperty fileObject"
    " fileSet format includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated"
    " replace samplingRate separator source subField transform"
)
_FIELDS = (  # column of the Parquet files, type, what it says
    ("key", "sc:Text", "nine digits, unique in the corpus"),
    ("text", "sc:Text", "one caption"),
    ("id", "sc:Text", "source, split and name of the image; for a window also @x,y,w,h"),
    ("source", "sc:Text", "the dataset that the image is from"),
    ("split", "sc:Text", "the split of the source that the image is from"),
    ("width", "sc:Integer", "in pixels"),
    ("height", "sc:Integer", "in pixels"),
    ("gsd", "sc:Float", "metres per pixel, where known"),
    ("label", "sc:Text", "scene class, where known"),
    ("licence", "sc:Text", "SPDX id or short name"),
)


def describe(
    title: str,
    rights: Mapping[str, Any],
    sources: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The JSON-LD document. `files`: path -> bytes, sha256, samples. `rights`: as in manifest.json."""
    kinds = {"shards": "application/x-tar", "parquet": "application/x-parquet", "captions": "application/x-parquet"}
    objects = [_file(name, entry, kinds[name.partition("/")[0]]) for name, entry in files.items()]
    tables = next((kind for kind in ("parquet", "captions") if any(n.startswith(f"{kind}/") for n in files)), "")
    cited = [str(source["citation"]) for source in sources.values() if source.get("citation")]
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "name": title,
        "description": f"Images of the earth from above with captions, from {', '.join(sources) or 'no source'}.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "version": "1.0.0",
        "creator": {"@type": "sc:Organization", "name": f"rsdata {__version__}"},
        "license": _licences(rights),
        **({"creditText": "; ".join(rights["credits"])} if rights["credits"] else {}),
        "usageInfo": _usage(rights),
        **({"citeAs": "\n".join(cited)} if cited else {}),
        "isBasedOn": [str(source["homepage"]) for source in sources.values() if source.get("homepage")],
        "distribution": [*objects, *([_parquet_set(tables)] if tables else _tar_sets(files))],
        "recordSet": [_records("parquet-files", tables) if tables else _sentences()],
    }


def _licences(rights: Mapping[str, Any]) -> str | list[str]:
    """The licences of all parts, by their addresses where they have one; one alone is no list."""
    found = list(dict.fromkeys(part["url"] or part["licence"] for part in rights["parts"])) or ["none-stated"]
    return found[0] if len(found) == 1 else found


def _usage(rights: Mapping[str, Any]) -> str:
    """What the whole allows, in a sentence; silence is "read the terms"."""
    words = {True: "yes", False: "no", None: "read the terms"}
    names = ("commercial", "redistribution", "derivatives", "research", "attribution", "share_alike")
    return "; ".join(f"{name.replace('_', ' ')}: {words[rights['whole'][name]]}" for name in names)


def _context() -> dict[str, Any]:
    context: dict[str, Any] = {"@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/"}
    context |= {"cr": "http://mlcommons.org/croissant/", "dct": "http://purl.org/dc/terms/"}
    for word in _TERMS.split():
        name, _, space = word.partition(":")
        context[name] = f"{space or 'cr'}:{name}"
    context["rai"] = "http://mlcommons.org/croissant/RAI/"
    context["data"] = {"@id": "cr:data", "@type": "@json"}
    context["examples"] = {"@id": "cr:examples", "@type": "@json"}
    context["dataType"] = {"@id": "cr:dataType", "@type": "@vocab"}
    return context


def _file(name: str, entry: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{entry['bytes']} B",
        "encodingFormat": kind,
        "sha256": entry["sha256"],
    }


def _parquet_set(folder: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": "parquet-files",
        "name": "parquet-files",
        "encodingFormat": "application/x-parquet",
        "includes": f"{folder}/*.parquet",
    }


def _tar_sets(files: Mapping[str, Any]) -> list[dict[str, Any]]:
    within = [{"@id": name} for name in files if name.endswith(".tar")]
    text = {"@type": "cr:FileSet", "@id": "sentences", "name": "sentences", "containedIn": within}
    return [{**text, "encodingFormat": "text/plain", "includes": "*.txt"}] if within else []


def _records(files: str, folder: str) -> dict[str, Any]:
    """The columns of a sample; those of captions alone have the key of the image in place of the picture."""

    def field(name: str, kind: str, says: str) -> dict[str, Any]:
        source = {"fileSet": {"@id": files}, "extract": {"column": name}}
        identity = {"@type": "cr:Field", "@id": f"samples/{name}", "name": name, "description": says}
        return {**identity, "dataType": kind, "source": source}

    if folder == "captions":
        alone = [("image", "sc:Text", "the id of the image in its dataset and split")]
        rows = [*alone, *(row for row in _FIELDS if row[0] not in ("key", "text"))]
        return {"@type": "cr:RecordSet", "@id": "samples", "name": "samples", "field": [field(*row) for row in rows]}
    fields = [field(*row) for row in _FIELDS]
    image = field("image", "sc:ImageObject", "the picture, as encoded bytes")
    image["source"]["transform"] = {"jsonPath": "bytes"}
    return {"@type": "cr:RecordSet", "@id": "samples", "name": "samples", "field": [image, *fields]}


def _sentences() -> dict[str, Any]:
    def field(name: str, says: str, prop: str) -> dict[str, Any]:
        source = {"fileSet": {"@id": "sentences"}, "extract": {"fileProperty": prop}}
        identity = {"@type": "cr:Field", "@id": f"samples/{name}", "name": name, "description": says}
        return {**identity, "dataType": "sc:Text", "source": source}

    fields = [field("file", "member of the shard", "filename"), field("text", "one caption", "content")]
    return {"@type": "cr:RecordSet", "@id": "samples", "name": "samples", "field": fields}
