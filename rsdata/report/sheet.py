"""The sheet around a record's picture: heading, legend, captions, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from rsdata.errors import BadAnnotation
from rsdata.pixels import U8, Pixels
from rsdata.record import Record, labels_of
from rsdata.report import colours, fonts
from rsdata.report.colours import Colour
from rsdata.report.draw import DARK, nice, picture, used, values_of
from rsdata.stages.m2b import parse_mask_kind

NARROWEST = 760  # pixels
PAPER, INK, GREY, RED = (250, 250, 249), (24, 24, 27), (113, 113, 122), (180, 30, 30)
MOST_CAPTIONS = 60
MOST_VALUES = 12  # mask values named in the legend


class Swatch(NamedTuple):
    """One entry of the legend."""

    colour: Colour
    text: str


def legend(record: Record, mask: Pixels | None) -> list[Swatch]:
    """Classes with counts, the most frequent first, then the values of the mask."""
    counts = sorted(labels_of(record).items(), key=lambda item: (-item[1], item[0]))
    found = [Swatch(colours.of_label(label), f"{nice(label)} x {count:,}") for label, count in counts]
    if mask is not None:
        values = [int(v) for v in np.unique(values_of(mask)) if v]
        for value in values[:MOST_VALUES]:
            name = mask_name(value, mask.ndim == 3, record.mask_kind or "")
            found.append(Swatch(colours.of_value(value, used(record)), name))
        if len(values) > MOST_VALUES:
            found.append(Swatch(GREY, f"{len(values) - MOST_VALUES:,} more mask values"))
    return found


def mask_name(value: int, colour: bool, kind: str) -> str:
    """What a mask's value (an index, or 0xRRGGBB for a colour) means by its `mask_kind`, or as it stands."""
    number = f"mask {value >> 16},{value >> 8 & 255},{value & 255}" if colour else f"mask {value}"
    try:
        known = parse_mask_kind(kind)
    except BadAnnotation:
        return number
    if known.form == "binary":
        value = int(value >= known.threshold)
    concept = known.concepts.get(int.from_bytes(value.to_bytes(3, "big"), "little") if colour else value)
    if concept is None:
        return f"{number}, not named"
    return f"mask: {nice(concept)}" if concept else f"{number}, no class"


@dataclass
class Sheet:
    """A sheet of paper that is filled from the top; what does not fit makes it longer."""

    image: Image.Image
    y: int
    margin: int
    size: int
    notes: list[str] = field(default_factory=list)

    @property
    def right(self) -> int:
        """The right edge of what may be written on."""
        return self.image.width - self.margin

    def room(self, height: int) -> ImageDraw.ImageDraw:
        """A pen, after the sheet was made long enough for `height` more pixels."""
        need = self.y + height + self.margin
        if need > self.image.height:
            longer = Image.new("RGB", (self.image.width, need + 600), PAPER)
            longer.paste(self.image, (0, 0))
            self.image = longer
        return ImageDraw.Draw(self.image)

    def write(self, text: str, x: int, size: int, colour: Colour = INK, right: int = 0) -> None:
        """Wrap and write text between the columns `x` and `right` (0: the margin). Without a font it becomes a note."""
        font = fonts.for_text(text, size)
        if font is None:
            missing = "no font of this machine has its letters (install Noto Sans CJK); it is printed as text"
            text, colour = f"({missing})", GREY
            font = fonts.for_text(text, size)
            if missing not in self.notes:
                self.notes.append(missing.replace("its letters", "the letters of some captions"))
        lines = wrap(text, font, (right or self.right) - x)
        step = round(size * 1.35)
        pen = self.room(step * len(lines))
        for line in lines:
            pen.text((x, self.y), line, fill=colour, font=font)
            self.y += step


def wrap(text: str, font: fonts.Font, width: float) -> list[str]:
    """Cut text into lines of at most `width` pixels, between words, or inside one that is too long (as in Chinese)."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if font.getlength(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1] and font.getlength(word) <= width:
            lines.append(word)
            continue
        lines[-1] += " " if lines[-1] else ""
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def sheet(record: Record, pixels: U8 | None, mask: Pixels | None, notes: Sequence[str] = ()) -> Sheet:
    """The whole sheet: heading, picture, legend, captions, notes."""
    drawn = picture(record, pixels, mask)
    width = max(drawn.width, NARROWEST)
    size = max(14, min(20, round(width / 72)))
    margin = size
    page = Sheet(Image.new("RGB", (width + 2 * margin, drawn.height + 400), PAPER), margin, margin, size)
    page.write(record.id, margin, round(size * 1.25))
    page.write(", ".join(heading(record)), margin, size, GREY)
    page.y += margin // 2
    page.room(drawn.height)
    page.image.paste(drawn, (margin, page.y))
    page.y += drawn.height + margin
    _draw_legend(page, legend(record, mask), record)
    _draw_captions(page, record)
    page.notes = [*notes, *page.notes]
    for note in page.notes:
        page.write(f"Note: {note}", margin, size, RED)
    page.image = page.image.crop((0, 0, page.image.width, page.y + margin))
    return page


def heading(record: Record) -> list[str]:
    """What is known of the image, in a few words each."""
    found = [f"{record.width} x {record.height} px"]
    if record.gsd:
        found.append(f"{record.gsd:.3g} m per pixel")
    found += [word for word in (record.platform, f"split {record.split}" if record.split else "") if word]
    if record.label:
        found.append(f"scene: {nice(record.label)}")
    found.append(f"{len(record.objects):,} objects, {len(record.captions):,} captions")
    if record.path:
        found.append(record.path + (f" at {record.window.x}, {record.window.y}" if record.window else ""))
    return [*found, record.licence] if record.licence else found


def _draw_legend(page: Sheet, entries: Sequence[Swatch], record: Record) -> None:
    """Colour and text side by side, as many in a line as fit."""
    side, x = page.size, page.margin
    texts = list(entries)
    if any(o.origin == "m2b" for o in record.objects):
        texts.append(Swatch(PAPER, "dashed: found in the mask"))
    if any(o.difficult for o in record.objects):
        texts.append(Swatch(PAPER, f"*: difficult ({sum(o.difficult for o in record.objects):,})"))
    step = round(page.size * 1.6)
    for colour, text in texts:
        font = fonts.for_text(text, page.size)
        wide = side + 8 + int(font.getlength(text)) + 20 if font else 0
        if x > page.margin and x + wide > page.right:
            x, page.y = page.margin, page.y + step
        pen = page.room(step)
        if colour != PAPER:
            pen.rectangle((x, page.y, x + side, page.y + side), fill=colour, outline=DARK)
        pen.text((x + (side + 8 if colour != PAPER else 0), page.y + side / 2), text, INK, font, anchor="lm")
        x += wide
    page.y += step + page.margin // 2 if texts else 0


def _draw_captions(page: Sheet, record: Record) -> None:
    """Captions below one another: language, origin and rule at the left, the text beside them."""
    tags = [f"{c.lang}: {c.origin} {c.rule}" for c in record.captions[:MOST_CAPTIONS]]
    small = max(11, round(page.size * 0.88))
    widths = [int(font.getlength(tag)) for tag in tags if (font := fonts.for_text(tag, small))]
    column = page.margin + min(max(widths, default=0) + 16, page.image.width // 3)
    for tag, caption in zip(tags, record.captions, strict=False):
        top = page.y
        page.write(caption.text, column, page.size)
        bottom, page.y = page.y, top + page.size // 6
        page.write(tag, page.margin, small, GREY, right=column - 8)
        page.y = max(page.y, bottom) + page.size // 4
    if len(record.captions) > MOST_CAPTIONS:
        page.write(f"... {len(record.captions) - MOST_CAPTIONS:,} more captions", column, page.size, GREY)
