"""Read: a dataset on disk becomes records. The only stage that knows the readers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from rsdata import readers
from rsdata.errors import Conservation
from rsdata.record import Drop, Item, Made, Output, Record

VERSION = 1
DRAWN_LICENCE = "CC0-1.0"


def run(
    items: Iterable[Item], *, reader: str, name: str, drawn: bool = False, repeated: Collection[int] = ()
) -> Iterator[Output]:
    """Read items with a reader; each item gives at least one Record or Drop.

    `name` is the source's name in this corpus (the reader's own unless two sources share one). Items whose position is
    in `repeated` are a second file of an id already met: they are read, so that their objects are counted, and dropped.
    `drawn` scenes (`rsdata sample`) say so in `extra`, and carry their own licence instead of the dataset's.
    """
    read = readers.get(reader).read
    for position, item in enumerate(items):
        outputs = [_storable(output) for output in read(item)]
        if not outputs:
            raise Conservation(f"reader {reader}: item {item.id} gave neither a record nor a drop; this is a bug")
        yield from _ledger(outputs, _renamed(item.id, reader, name))
        for output in outputs:
            output.id = _renamed(output.id, reader, name)
            if not isinstance(output, Record):
                yield output
            elif position in repeated:
                detail = f"{item.image or item.label}: another file has this id already; rename one of them"
                yield Drop(output.id, "read", "duplicate-id", detail, 1, len(output.objects))
            else:
                output.source = name
                if drawn:
                    output.licence, output.extra["drawn"] = DRAWN_LICENCE, "yes"
                yield output


def _storable(output: Record | Drop) -> Record | Drop:
    """The output, or a drop where a text of it is not Unicode (a file name of another encoding, a lone surrogate)."""
    if isinstance(output, Drop):
        output.id, output.detail = _clean(output.id), _clean(output.detail)
        return output
    texts = [output.id, output.path or "", output.mask_path or "", *output.extra.values()]
    try:
        "".join([*texts, *(caption.text for caption in output.captions)]).encode()
    except UnicodeEncodeError:
        detail = f"{_clean(output.path or output.id)}: a name or text that is not Unicode; rename or mend it"
        return Drop(_clean(output.id), "read", "not-unicode", detail, 1, len(output.objects))
    return output


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _ledger(outputs: list[Record | Drop], id: str) -> Iterator[Made]:
    images = sum(1 if isinstance(o, Record) else o.images for o in outputs)
    objects = sum(len(o.objects) if isinstance(o, Record) else o.objects for o in outputs)
    yield Made(id, images, objects)


def _renamed(id: str, reader: str, name: str) -> str:
    return id if reader == name else name + id[len(reader) :]
