"""From a table of addresses to packed shards over a loopback server with good and broken pictures: every row accounted
for; what is fetched and what is refused; the reader of img2dataset's output; the funnel."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tarfile
from email.message import Message
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webserver
from reading import dropped, read_all

from rsdata import corpus, recipe, sample
from rsdata.errors import BadRecipe, BadSource, Conservation, MissingExtra, ServiceError
from rsdata.readers import img2dataset
from rsdata.report import funnel, html
from rsdata.run import extend, run
from rsdata.services import _fetch, addresses, download
from rsdata.stages import altfilter

LOOPBACK = ("127.0.0.0/8",)
LIMITS = _fetch.Limits(0.4, 1_000_000, 64, 10_000_000, "rsdata/test", LOOPBACK, download.DIRECTIVES)

# name on the server -> reason of its drop, "" where it arrives
FATES = {
    "good-1": "",
    "good-2": "",
    "same-1": "duplicate-content",
    "big-7": "",
    "png-1": "",
    "moved-1": "",
    "flaky-1": "",
    "tiny-1": "too-small",
    "html-1": "not-an-image",
    "huge-1": "too-large",
    "heavy-1": "too-many-bytes",
    "cut-1": "truncated",
    "torn-1": "unreadable-image",
    "damaged-1": "not-an-image",
    "hang-1": "timeout",
    "drip-1": "timeout",
    "noai-1": "opted-out",
    "tdm-1": "opted-out",
    "inside-1": "private-address",
    "file-1": "bad-redirect",
    "round-1": "bad-redirect",
    "nothing-1": "http-404",
}


@pytest.fixture(scope="module")
def server() -> Any:
    with webserver.serving() as found:
        yield found


@pytest.fixture(scope="module")
def crawled(server: webserver.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rsdata web` once over everything, through the command line."""
    folder = tmp_path_factory.mktemp("crawl")
    rows = [(f"{server.url}/{name}.jpg", f"aerial view of {name.partition('-')[0]} harbor") for name in FATES]
    rows += [("http://10.0.0.1/a.jpg", "aerial view of a router"), ("file:///etc/passwd", "aerial view of words")]
    rows += [(f"{server.url}/good-99.jpg", "a dog on a sofa")]
    urls, texts = zip(*rows, strict=True)
    pq.write_table(pa.table({"URL": urls, "TEXT": texts}), folder / "t.parquet")
    args = ["web", folder / "t.parquet", "--root", folder / "w", "--out", folder / "c", "--allow", "127.0.0.0/8"]
    args += ["--timeout", 0.5, "--retries", 1, "--size", 640, "--agent", "lab@example.org", "--workers", 1, "--json"]
    command = [sys.executable, "-m", "rsdata.cli.app", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "download: 22 addresses of 1 sites into" in done.stderr
    assert json.loads(done.stdout)["stages"][0]["images"] == {"in": 0, "made": 22, "out": 6, "dropped": 16}
    return folder


def test_every_row_has_its_fate(crawled: Path) -> None:
    found = corpus.open(crawled / "c")
    fates = {drop.id: drop.reason for drop in found.drops(found.stages[0])}
    fates |= {record.id: "" for record in found.records()}
    assert fates == {f"img2dataset/{n:010d}": fate for n, fate in enumerate(FATES.values())}
    text = json.loads((crawled / "w/text.json").read_text())
    assert (text["rows"], text["kept"]) == (25, 22)
    assert text["dropped"] == {"bad-scheme": 1, "private-address": 1, "off-topic": 1}


def test_what_arrives_is_what_was_asked_for(crawled: Path, server: webserver.Server) -> None:
    records = {record.extra["url"].rpartition("/")[2]: record for record in corpus.open(crawled / "c").records()}
    sizes = {name: (record.width, record.height) for name, record in records.items()}
    assert sizes == {
        "good-1.jpg": (120, 90),
        "good-2.jpg": (120, 90),
        "big-7.jpg": (640, 480),
        "png-1.jpg": (100, 80),
        "moved-1.jpg": (120, 90),
        "flaky-1.jpg": (120, 90),
    }
    good = records["good-1.jpg"]
    assert [(c.text, c.lang, c.origin) for c in good.captions] == [("aerial view of good harbor", "en", "alt")]
    assert good.path == "images/00000.tar!000000000.jpg" and good.extra["alt_score"] == "1.4"
    with tarfile.open(crawled / "w/images/00000.tar") as shard:  # pictures that fit are not encoded again
        assert shard.extractfile("000000000.jpg").read() == webserver.jpeg(1)  # type: ignore[union-attr]
    assert server.asked["good-99.jpg"] == 0 and server.asked["nothing-1.jpg"] == 1
    assert server.asked["flaky-1.jpg"] == server.asked["hang-1.jpg"] == 2
    ours = [agent for agent in server.agents if "test" not in agent]
    assert ours == [download.user_agent(download.Settings(agent="lab@example.org"))] and "Mozilla" not in ours[0]


def test_the_same_command_again_fetches_nothing(crawled: Path, server: webserver.Server) -> None:
    asked = dict(server.asked)
    settings = download.Settings(size=640, timeout=0.5, retries=1, processes=1, agent="lab@example.org", allow=LOOPBACK)
    counts = download.download(crawled / "w", ["rsdata_id", "alt_lang", "alt_score"], settings)
    assert counts == {"failed_to_download": 14, "failed_to_resize": 1, "success": 7} and dict(server.asked) == asked
    with pytest.raises(BadSource, match="the images were downloaded with other image_size; give another --root"):
        download.download(crawled / "w", ["rsdata_id"], download.Settings(size=512))


def test_to_packed_shards_and_the_funnel(crawled: Path, tmp_path: Path) -> None:
    done = extend(crawled / "c", "pack", {"formats": ["webdataset"]}, out=tmp_path / "packed", workers=1)
    shards = sorted((tmp_path / "packed/01-pack/shards").glob("*.tar"))
    names = []
    for path in shards:
        with tarfile.open(path) as shard:
            names += [name for name in shard.getnames() if name.endswith(".jpg")]
    assert len(names) == 6 and done.over == []
    found = funnel.funnel(corpus.open(crawled / "c"))
    assert (found["rows"], found["images"]) == (25, 6)
    assert [(s["step"], s["rule"], s["left"]) for s in found["steps"][:3]] == [
        ("text", "bad-scheme", 24),
        ("text", "private-address", 23),
        ("text", "off-topic", 22),
    ]
    assert sum(s["dropped"] for s in found["steps"]) == 19 and found["steps"][-1]["left"] == 6
    assert found["sources"] == {"img2dataset": {"rows": 25, "text": 22, "00-read": 6}}
    assert found["by_lang"] == {"en": {"text": 22, "images": 6}}
    assert found["by_domain"] == {"127.0.0.1": {"text": 22, "images": 6}}


def test_the_report_shows_and_escapes(crawled: Path, tmp_path: Path) -> None:
    text = json.loads((crawled / "w/text.json").read_text())
    text["examples"]["kept"][0]["text"] = "<script>alert(1)</script>"
    changed = tmp_path / "w"
    changed.mkdir()
    (changed / "text.json").write_text(json.dumps(text))
    found = corpus.open(crawled / "c")
    found.recipe["sources"][0]["root"] = str(changed)
    page, samples = html.page(found, workers=1)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page and "a dog on a sofa" in page
    assert "25 rows of the table became 6 images" in page and "<td>off-topic</td>" in page and samples == 6


def test_a_ledger_that_does_not_fit_is_an_error(crawled: Path, tmp_path: Path) -> None:
    text = json.loads((crawled / "w/text.json").read_text()) | {"kept": 23}
    (tmp_path / "text.json").write_text(json.dumps(text))
    found = corpus.open(crawled / "c")
    found.recipe["sources"][0]["root"] = str(tmp_path)
    with pytest.raises(Conservation, match="the text rules kept 23 rows, but 22 were read"):
        funnel.funnel(found)


@pytest.mark.parametrize(
    "name", [name for name in FATES if FATES[name] not in ("duplicate-content", "unreadable-image")]
)
def test_fetching_one(name: str, server: webserver.Server) -> None:
    """The same fates in this process, without img2dataset; a second picture of one content is nothing to the fetch."""
    server.asked.clear()
    key, stream, said = _fetch.fetch((7, f"{server.url}/{name}.jpg"), 9, 1, "", None, limits=LIMITS)
    assert key == 7 and (stream is None) == bool(FATES[name])
    assert (said or "").partition(":")[0] == FATES[name]


def test_a_body_without_end_is_cut_off(server: webserver.Server) -> None:
    said = _fetch.fetch((0, f"{server.url}/endless-1.jpg"), 1, 3, "", None, limits=LIMITS)[2]
    assert said == "too-many-bytes: more than 1000000" and server.asked["endless-1.jpg"] == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.org/x", "data:,x", "/etc/passwd", "gopher://a.org/"])
def test_other_schemes_are_never_opened(url: str) -> None:
    assert _fetch.fetch((0, url), 1, 0, "", None, limits=LIMITS)[2] == f"bad-scheme: {url}"


@pytest.mark.parametrize(
    "numbers", [["10.1.2.3"], ["93.184.216.34", "169.254.169.254"], ["::1"], ["::ffff:192.168.0.1"], ["fd00::1"]]
)
def test_names_that_lead_inside_are_refused(numbers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad answer of the look-up is enough, and the name is not looked up again to connect."""
    calls = []

    def answer(host: str, port: int, **_: object) -> list[Any]:
        calls.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    said = _fetch.fetch((0, "http://pictures.example.org/a.jpg"), 1, 2, "", None, limits=LIMITS)[2]
    assert said is not None and said.startswith("private-address: pictures.example.org is ")
    assert calls == ["pictures.example.org"]


def test_the_loopback_is_refused_unless_allowed(server: webserver.Server) -> None:
    closed = _fetch.Limits(**{**vars(LIMITS), "allow": ()})
    said = _fetch.fetch((0, f"{server.url}/good-1.jpg"), 1, 0, "", None, limits=closed)[2]
    assert said == "private-address: 127.0.0.1 is 127.0.0.1"


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.31.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("example.org", False),
    ],
)
def test_public_addresses(text: str, public: bool) -> None:
    assert addresses.is_public(text) is public
    assert addresses.is_public("10.1.2.3", addresses.networks(["10.0.0.0/8"]))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, ""),
        ({"X-Robots-Tag": "noai"}, "X-Robots-Tag: noai"),
        ({"X-Robots-Tag": "all, NoImageAI"}, "X-Robots-Tag: all, NoImageAI"),
        ({"X-Robots-Tag": "nofollow"}, ""),
        ({"X-Robots-Tag": "googlebot: noindex"}, ""),
        ({"X-Robots-Tag": "rsdata: noindex"}, "X-Robots-Tag: rsdata: noindex"),
        ({"X-Robots-Tag": "img2dataset: none"}, "X-Robots-Tag: img2dataset: none"),
        (
            {"X-Robots-Tag": "unavailable_after: 25 Jun 2030, noai"},
            "X-Robots-Tag: unavailable_after: 25 Jun 2030, noai",
        ),
        ({"TDM-Reservation": "1"}, "TDM-Reservation: 1"),
        ({"TDM-Reservation": "0"}, ""),
    ],
)
def test_opt_out(headers: dict[str, str], reason: str) -> None:
    said = Message()
    for name, value in headers.items():
        said[name] = value
    assert _fetch.opt_out(said, LIMITS) == reason
    assert _fetch.opt_out(said, _fetch.Limits(**{**vars(LIMITS), "directives": ()})) == ""


def test_settings_that_could_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, match in (
        ({"distributor": "slurm"}, "known are multiprocessing, ray, pyspark"),
        ({"format": "zip"}, "webd"),
    ):
        with pytest.raises(BadRecipe, match=match):
            download.check(download.Settings(**wrong))
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name: None if name == "ray" else object())
    with pytest.raises(MissingExtra, match=r"the distributor ray needs the package ray: pip install 'rsdata\[ray\]'"):
        download.check(download.Settings(distributor="ray"))
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"downloading images needs the package img2dataset: .*\[web\]"):
        download.check(download.Settings())


def test_shards_that_did_not_come_back_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows").mkdir()
    pq.write_table(pa.table({"url": ["http://a.org/1"], "caption": ["x"]}), tmp_path / "rows/00000.parquet")
    for code, match in ((0, "0 of 1 shards are there"), (1, "img2dataset ended with 1")):
        monkeypatch.setattr(
            download.subprocess, "run", lambda *_, code=code, **__: subprocess.CompletedProcess([], code)
        )
        with pytest.raises(ServiceError, match=match):
            download.download(tmp_path, [], download.Settings())


def test_nothing_of_the_users_shell_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "x")
    found = download._environment()
    assert (
        "WANDB_API_KEY" not in found and found["NO_ALBUMENTATIONS_UPDATE"] == "1" and found["WANDB_MODE"] == "disabled"
    )


@pytest.mark.parametrize(
    ("message", "status", "reason"),
    [
        ("HTTP Error 404: Not Found", "failed_to_download", "http-404"),
        ("HTTP Error 503: Service Unavailable", "failed_to_download", "http-503"),
        ("<urlopen error timed out>", "failed_to_download", "timeout"),
        ("<urlopen error [Errno -2] Name or service not known>", "failed_to_download", "no-such-host"),
        ("Use of image disallowed by X-Robots-Tag directive", "failed_to_download", "opted-out"),
        (
            "<urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed>",
            "failed_to_download",
            "bad-certificate",
        ),
        ("<urlopen error [Errno 111] Connection refused>", "failed_to_download", "no-connection"),
        ("Image decoding error", "failed_to_resize", "unreadable-image"),
        ("image too small", "failed_to_resize", "too-small"),
        ("aspect ratio too large", "failed_to_resize", "too-narrow"),
        ("something new", "failed_to_resize", "not-resized"),
        ("something new: here", "failed_to_download", "not-downloaded"),
        ("private-address: a.org is 10.0.0.1", "failed_to_download", "private-address"),
        ("http-410: Gone", "failed_to_download", "http-410"),
    ],
)
def test_reasons(message: str, status: str, reason: str) -> None:
    assert img2dataset.reason_of(message, status) == reason


def shard(root: Path, layout: str) -> Path:
    """The drawn shard with one failed row, one repeated picture and one row that img2dataset lost, in three layouts."""
    sample.write(root.parent, scenes=4, formats=["img2dataset"])
    (root.parent / "img2dataset").rename(root)
    rows = pq.read_table(root / "00000.parquet").to_pylist()
    with tarfile.open(root / "00000.tar") as tar:
        pictures = [tar.extractfile(f"{row['key']}.jpg").read() for row in rows]  # type: ignore[union-attr]
    pictures[2], rows[2]["sha256"] = pictures[0], rows[0]["sha256"]
    rows[3] |= {"status": "failed_to_download", "error_message": "HTTP Error 404: Not Found", "sha256": None}
    if layout == "parquet":
        rows = [row | {"jpg": None if row["sha256"] is None else p} for row, p in zip(rows, pictures, strict=True)]
    if layout != "webdataset":
        (root / "00000.tar").unlink()
    if layout == "files":
        (root / "00000").mkdir()
        for row, picture in list(zip(rows, pictures, strict=True))[:3]:
            (root / f"00000/{row['key']}.jpg").write_bytes(picture)
    rows = [rows[1], rows[0], rows[3], rows[2]]  # in the order in which they came in
    pq.write_table(pa.Table.from_pylist(rows), root / "00000.parquet")
    (root / "00000_stats.json").write_text(json.dumps({"count": 5}))
    return root


@pytest.mark.parametrize("layout", ["webdataset", "files", "parquet"])
def test_the_reader_on_three_layouts(layout: str, tmp_path: Path) -> None:
    root = shard(tmp_path / "x", layout)
    records, drops = read_all("img2dataset", root)
    assert [record.id for record in records] == ["img2dataset/000000000", "img2dataset/000000001"]
    assert dropped(drops) == {"duplicate-content": (1, 0), "http-404": (1, 0), "lost-row": (1, 0)}
    assert next(d for d in drops if d.reason == "lost-row").id == "img2dataset/lost-000000004"
    paths = {"webdataset": "00000.tar!000000000.jpg", "files": "00000/000000000.jpg", "parquet": "00000.parquet!1"}
    assert records[0].path == paths[layout] and records[0].captions[0].origin == "alt"
    records, drops = read_all("img2dataset", root, repeats=True)
    assert len(records) == 3 and "duplicate-content" not in dropped(drops)


def test_the_reader_on_what_was_stopped_or_damaged(tmp_path: Path) -> None:
    root = shard(tmp_path / "x", "webdataset")
    (root / "00001.parquet").write_bytes(b"")
    with pytest.raises(BadSource, match=r"shard 00001\.parquet has no _stats\.json: the download was stopped there"):
        read_all("img2dataset", root)
    (root / "00001_stats.json").write_text("{}")
    with pytest.raises(BadSource, match=r"shard 00001\.parquet cannot be read"):
        read_all("img2dataset", root)
    (root / "00001.parquet").unlink()
    (root / "00000.tar").unlink()
    with pytest.raises(BadSource, match=r"the pictures of 00000\.parquet are gone: no 00000\.tar, no folder 00000/"):
        read_all("img2dataset", root)


def test_a_corpus_without_a_text_stage_has_a_funnel_too(tmp_path: Path) -> None:
    made = recipe.make("x", [recipe.source("img2dataset", shard(tmp_path / "img2dataset", "webdataset"))], [])
    run(made, tmp_path / "c", workers=1)
    found = funnel.funnel(corpus.open(tmp_path / "c"))
    assert found["rows"] == 5 and [(s["rule"], s["left"]) for s in found["steps"]] == [
        ("duplicate-content", 4),
        ("http-404", 3),
        ("lost-row", 2),
    ]


def test_web_without_the_download(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("aerial view of the bay\thttps://a.org/1.jpg\na dog\thttps://a.org/2.jpg\n")
    command = [sys.executable, "-m", "rsdata.cli.app", "web", "t.tsv", "--text-only"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["rows"], found["kept"], found["dropped"]) == (2, 1, {"too-short": 1})
    assert (tmp_path / "data/web/t/rows/00000.parquet").is_file()
    assert "too-short" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert altfilter.VERSION == 1


def test_the_recipe_says_what_there_is(tmp_path: Path) -> None:
    made = recipe.load(Path(__file__).resolve().parents[1] / "recipes/rs-webli.yaml", data=tmp_path)
    assert [step.name for step in made.steps] == ["altfilter", "score", "keep", "pack"] and made.max_drop == 1.0
    assert [(s.reader, s.name, s.root) for s in made.sources] == [("img2dataset", "laion", tmp_path / "web/laion")]
