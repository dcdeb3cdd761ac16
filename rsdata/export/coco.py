"""COCO's two forms: instances (boxes and polygons) and captions. Lin et al., ECCV 2014; cocodataset.org, format-data.

bbox is x, y, width, height in pixels, 0-based, right edge x + width: our boxes as they are. Numbers are written as
short as float32 allows, so that they come back bit for bit. Images are numbered from 1 in the order of the corpus,
categories from 1 in the order of their names, the same in every split. More than COCO has: `lang` and `origin` of a
caption; `rsdata_id` of an image; `difficult` of an object where it is 1.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from rsdata import __version__, licence, words
from rsdata.export.files import Seen, whole
from rsdata.record import Obj, Record

SEGMENTATIONS = ("polygon", "rle", "none")


@contextmanager
def opened(
    instances: Path, captions: Path, found: Seen, segmentation: str, langs: Sequence[str] | None
) -> Iterator[Coco]:
    """Both files of one split; they appear under their names when they are whole."""
    with ExitStack() as stack:
        boxes, texts = (stack.enter_context(_document(path, found)) for path in (instances, captions))
        yield Coco(boxes, texts, found, segmentation, langs)
        boxes.end(found.labels)
        texts.end(None)


class Document:
    """One JSON file, written as a stream: images go to it at once, annotations wait in a file beside it."""

    def __init__(self, file: IO[str], waiting: IO[str], licences: Sequence[str]) -> None:
        self._file, self._waiting = file, waiting
        self.images = self.annotations = 0
        rows = [licence.lookup(name) for name in licences]
        listed = [
            {"id": n, "name": written or one.name, "url": one.url}
            for n, (written, one) in enumerate(zip(licences, rows, strict=True), 1)
        ]
        info = {"description": "exported by rsdata", "version": __version__}
        file.write(f'{{"info":{dumps(info)},\n"licenses":{dumps(listed)},\n"images":[')

    def image(self, row: dict[str, Any]) -> int:
        """Write an image; return its number."""
        self.images += 1
        self._file.write(("\n" if self.images == 1 else ",\n") + dumps({"id": self.images, **row}))
        return self.images

    def annotation(self, row: dict[str, Any]) -> None:
        """Keep an annotation until all images are written."""
        self.annotations += 1
        self._waiting.write(("\n" if self.annotations == 1 else ",\n") + dumps({"id": self.annotations, **row}))

    def end(self, labels: Sequence[str] | None) -> None:
        """Write the annotations and, where there are any, the categories."""
        self._file.write('],\n"annotations":[')
        self._waiting.seek(0)
        while block := self._waiting.read(1 << 20):
            self._file.write(block)
        if labels is not None:
            self._file.write('],\n"categories":')
            self._file.write(dumps([_category(number, label) for number, label in enumerate(labels, 1)]))
            self._file.write("}\n")
        else:
            self._file.write("]}\n")


@contextmanager
def _document(path: Path, found: Seen) -> Iterator[Document]:
    with whole(path) as file, tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=path.parent) as waiting:
        yield Document(file, waiting, found.licences)


class Coco:
    """Writes records to both documents."""

    def __init__(
        self,
        instances: Document,
        captions: Document,
        found: Seen,
        segmentation: str,
        langs: Sequence[str] | None,
    ) -> None:
        self._instances, self._captions, self._langs = instances, captions, langs
        self._category = {label: number for number, label in enumerate(found.labels, 1)}
        self._licence = {name: number for number, name in enumerate(found.licences, 1)}
        self._segmentation = segmentation

    def add(self, record: Record, name: str) -> Counter[str]:
        """Write one record; return how many objects and captions there were."""
        row: dict[str, Any] = {"file_name": name, "width": record.width, "height": record.height}
        row |= {"license": self._licence[record.licence], "rsdata_id": record.id}
        number = self._instances.image(row)
        self._captions.image(row)
        for obj in record.objects:
            self._instances.annotation(self._object(obj, number, record))
        said = 0
        for caption in record.captions:
            if caption.text.strip() and (self._langs is None or caption.lang in self._langs):
                more = {"lang": caption.lang, "origin": caption.origin}
                self._captions.annotation({"image_id": number, "caption": caption.text, **more})
                said += 1
        return Counter(objects=len(record.objects), captions=said)

    def _object(self, obj: Obj, image: int, record: Record) -> dict[str, Any]:
        x0, y0, x1, y1 = (short(value) for value in obj.box)
        box = [x0, y0, tidy(x1 - x0), tidy(y1 - y0)]
        area = short(obj.area) if obj.area > 0 else tidy(box[2] * box[3])
        row: dict[str, Any] = {"image_id": image, "category_id": self._category[obj.label], "bbox": box, "area": area}
        row |= {"segmentation": self._outline(obj, record), "iscrowd": 0}
        return row | ({"difficult": 1} if obj.difficult else {})

    def _outline(self, obj: Obj, record: Record) -> Any:
        """The corners, or their run lengths; empty where an object has only its box."""
        if self._segmentation == "none" or len(obj.poly) < 6:
            return []
        if self._segmentation == "polygon":
            return [[short(value) for value in obj.poly]]
        from pycocotools import mask

        found = mask.merge(mask.frPyObjects([list(obj.poly)], record.height, record.width))
        return {"size": found["size"], "counts": found["counts"].decode()}


def _category(number: int, label: str) -> dict[str, Any]:
    known = words.concepts().get(label)
    return {"id": number, "name": label, "supercategory": known.parents[0] if known and known.parents else ""}


def dumps(data: Any) -> str:
    """JSON without spaces, letters as they are."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def short(value: float) -> float:
    """A float32 with no more digits than it takes to be told from its neighbours; whole numbers without a point."""
    return int(value) if value == int(value) else float(str(np.float32(value)))


def tidy(value: float) -> float:
    """A difference or product of such numbers without the dust of double precision."""
    found = round(value, 10)
    return int(found) if found == int(found) else found
