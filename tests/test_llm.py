"""Writers of captions: real HTTP to a loopback service by three clients; rates, budget, batches."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from services import KEY, Service, captions, serving, text_of

from rsdata.errors import BadAnnotation, BadRecipe, ServiceError
from rsdata.services import llm
from rsdata.services.llm import Answer, Question, asking, batch
from rsdata.stages import _answers, _asking
from rsdata.stages._claims import Truth

CLIENTS = ("gemini", "gemini-legacy", "openai")
TRUTH = Truth(
    counts={"ship": 5},
    present=frozenset({"stadium"}),
    names=("Camp Nou",),
    cells={"camp nou": {"top_right": 1}},
)
GOOD = "Five ships lie near the stadium Camp Nou."
OTHER = "Camp Nou is in the top right of the image, with five ships."
FACTS = ["- Camp Nou (stadium): top right", "- 5 unnamed: ship"]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.01)


def how_of(client: str, service: Service, **more: Any) -> _asking.Asking:
    endpoint = service.url + ("/v1" if client == "openai" else "")
    given = {
        "llm": client,
        "model": "m-1",
        "endpoint": endpoint,
        "rpm": 0,
        "retries": 2,
        "timeout": 20.0,
        "parallel": 1,
    }
    return _asking.of(given | more, "landmarks", "landmarks")


def an_ask(how: _asking.Asking, facts: list[str] | None = None, n: int = 1) -> _asking.Ask:
    from rsdata.record import Record

    return _asking.ask_about(how, Record("a", "a"), facts or FACTS, TRUTH, n, {})


def tell(how: _asking.Asking, asks: list[_asking.Ask], out: Path) -> list[tuple[list[str], list[tuple[str, str, int]]]]:
    """Ask, then look up as the stage's workers do."""
    _asking.fill(how, asks, out / "01-landmarks")
    answers = _asking.Answers(how, out / "01-landmarks")
    return [answers.checked(ask) for ask in asks]


def count(service: Service) -> int:
    return len(service.seen)


@pytest.mark.parametrize("client", CLIENTS)
class TestClients:
    def test_success(self, client: str, tmp_path: Path) -> None:
        with serving(Service(captions(GOOD, OTHER))) as service:
            how = how_of(client, service)
            asks = [an_ask(how, n=2)]
            assert tell(how, asks, tmp_path) == [([GOOD, OTHER], [])]
            assert count(service) == 1
            tell(how, asks, tmp_path)
            assert count(service) == 1, "nothing is paid twice"
        path, headers, body = service.seen[0]
        sent = {name.lower(): value for name, value in headers.items()}
        if client == "openai":
            assert path == "/v1/chat/completions" and sent["authorization"] == f"Bearer {KEY}"
            assert body["model"] == "m-1" and body["seed"] == 0 and body["temperature"] == 0.4
            assert body["response_format"]["json_schema"]["schema"] == _asking.SCHEMA
        else:
            assert path.startswith("/v1") and "/models/m-1:generateContent" in path
            assert sent["x-goog-api-key"] == KEY and KEY not in path
            assert body["generationConfig"]["responseMimeType"] == "application/json"
            assert "You write captions" in json.dumps(body["systemInstruction"])
        assert "- Camp Nou (stadium): top right" in text_of(body) and "Write 2 captions" in text_of(body)

    def test_429_then_success(self, client: str, tmp_path: Path) -> None:
        with serving(Service(("status", 429, {"Retry-After": "0"}), captions(GOOD))) as service:
            how = how_of(client, service)
            assert tell(how, [an_ask(how)], tmp_path) == [([GOOD], [])]
        assert count(service) == 2

    def test_500_to_the_end_stops_with_one_line_and_keeps_what_was_answered(self, client: str, tmp_path: Path) -> None:
        with serving(Service(captions(GOOD), always=("status", 500))) as service:
            how = how_of(client, service, retries=1)
            asks = [an_ask(how), an_ask(how, ["- 5 unnamed: ship"])]
            with pytest.raises(ServiceError, match=r"1 questions have no answer \(m-1: the service answered 500.*kept"):
                tell(how, asks, tmp_path)
            assert count(service) == 3
            service.always = captions(OTHER)
            assert tell(how, asks, tmp_path) == [([GOOD], []), ([OTHER], [])]
        assert count(service) == 4, "the first answer was kept"

    def test_refusal_is_an_answer_and_is_not_asked_again(self, client: str, tmp_path: Path) -> None:
        with serving(Service(always="refuse")) as service:
            how = how_of(client, service)
            [(kept, refused)] = tell(how, [an_ask(how)], tmp_path)
        assert kept == [] and [(name, n) for name, _, n in refused] == [("blocked", 1)] and count(service) == 1

    def test_words_of_refusal_are_caught(self, client: str, tmp_path: Path) -> None:
        sorry = captions("I'm sorry, but I cannot describe this image.")
        with serving(Service(always=sorry)) as service:
            how = how_of(client, service)
            [(kept, refused)] = tell(how, [an_ask(how)], tmp_path)
        assert kept == [] and refused[0][0] == "refusal" and count(service) == 2

    def test_malformed_answer_is_repaired(self, client: str, tmp_path: Path) -> None:
        with serving(Service('{"captions": ["Five sh', captions(GOOD))) as service:
            how = how_of(client, service)
            assert tell(how, [an_ask(how)], tmp_path) == [([GOOD], [])]
        assert count(service) == 2 and "malformed" in service.texts()[1]

    def test_malformed_twice_is_counted(self, client: str, tmp_path: Path) -> None:
        with serving(Service(always="no JSON here")) as service:
            how = how_of(client, service)
            [(kept, refused)] = tell(how, [an_ask(how, n=3)], tmp_path)
        assert kept == [] and [(name, n) for name, _, n in refused] == [("malformed", 3)] and count(service) == 2

    def test_invented_name_is_repaired_once(self, client: str, tmp_path: Path) -> None:
        invented = captions("Five ships lie near Camp Nou in Barcelona.")
        with serving(Service(invented, captions(GOOD))) as service:
            how = how_of(client, service)
            assert tell(how, [an_ask(how)], tmp_path) == [([GOOD], [])]
        assert "invented-name: Barcelona" in service.texts()[1]
        with serving(Service(always=invented)) as service:
            how = how_of(client, service)
            [(kept, refused)] = tell(how, [an_ask(how)], tmp_path / "again")
        assert kept == [] and refused == [
            ("invented-name", "invented-name: Barcelona: Five ships lie near Camp Nou in Barcelona.", 1)
        ]

    def test_slow_answer_times_out_and_is_tried_again(self, client: str, tmp_path: Path) -> None:
        with serving(Service(("slow", 2.5, captions(OTHER)), captions(GOOD))) as service:
            how = how_of(client, service, timeout=1.0)
            assert tell(how, [an_ask(how)], tmp_path) == [([GOOD], [])]
        assert count(service) == 2

    def test_dropped_connection_is_tried_again(self, client: str, tmp_path: Path) -> None:
        with serving(Service("drop", captions(GOOD))) as service:
            how = how_of(client, service)
            assert tell(how, [an_ask(how)], tmp_path) == [([GOOD], [])]
        assert count(service) == 2

    def test_no_json_at_all_is_tried_again(self, client: str, tmp_path: Path) -> None:
        with serving(Service("garbage", captions(GOOD))) as service:
            how = how_of(client, service)
            assert tell(how, [an_ask(how)], tmp_path) == [([GOOD], [])]

    def test_wrong_key_stops_at_once(self, client: str, tmp_path: Path) -> None:
        with serving(Service(always=("status", 403))) as service:
            how = how_of(client, service)
            with pytest.raises(ServiceError, match=r"answered 403.*is the key right"):
                tell(how, [an_ask(how)], tmp_path)
        assert count(service) == 1

    def test_the_key_stands_nowhere(
        self, client: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The service itself says the key in its errors; neither errors, logs, output nor files hold it."""
        caplog.set_level(logging.DEBUG)
        with serving(Service(captions(GOOD), ("status", 429), always=("status", 500))) as service:
            how = how_of(client, service, retries=1)
            with pytest.raises(ServiceError) as raised:
                tell(how, [an_ask(how), an_ask(how, ["- 5 unnamed: ship"])], tmp_path)
        told = capfd.readouterr()
        assert KEY not in str(raised.value) and "***" in str(raised.value)
        assert KEY not in caplog.text and KEY not in told.out + told.err
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files and all(KEY.encode() not in path.read_bytes() for path in files)

    def test_an_image_is_sent(self, client: str, tmp_path: Path) -> None:
        with serving(Service(captions(GOOD))) as service:
            writer = llm.connect(client, "m-1", how_of(client, service).endpoint)
            answer = writer(Question("be true", "what is there?", _asking.SCHEMA, b"\xff\xd8jpeg"))
        assert answer.tokens_in == 200 and answer.tokens_out == 50 and answer.refused == ""
        sent = json.dumps(service.seen[0][2])  # google-genai writes base64 with - and _
        assert ("/9hqcGVn" in sent or "_9hqcGVn" in sent) and "image/jpeg" in sent


def test_no_key_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    for client in ("gemini", "gemini-legacy"):
        with pytest.raises(BadRecipe, match="set GEMINI_API_KEY or GOOGLE_API_KEY; nothing was asked"):
            llm.connect(client, "m")


def test_a_local_server_gets_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(Service(captions(GOOD))) as service:
        llm.connect("openai", "m", service.url)(Question("s", "t", {}))
    assert "Authorization" not in service.seen[0][1]


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        ({"llm": "claude"}, "llm is 'claude'; it can be template, gemini"),
        ({"llm": "gemini"}, "needs the name of a model"),
        ({"llm": "openai", "model": "m"}, "needs --endpoint"),
        ({"llm": "openai", "model": "m", "endpoint": "localhost:8000"}, "wants an address"),
        ({"llm": "openai", "model": "m", "endpoint": "http://me:pass@host/v1"}, "no user, password or query"),
        ({"llm": "openai", "model": "m", "endpoint": "http://host/v1?key=x"}, "no user, password or query"),
        ({"llm": "gemini", "model": "unheard-of", "budget": 1.0}, "no price of unheard-of is known"),
        ({"modle": "m"}, "writer has no 'modle'; did you mean model"),
        ({"rpm": "fast"}, "rpm wants float, got 'fast'"),
        ({"llm": "gemini", "model": "m", "parallel": 0}, "parallel 1 or more"),
        ({"llm": "gemini", "model": "m", "prompt": "sonnets"}, "there are describe, landmarks"),
    ],
)
def test_a_wrong_writer_is_told_before_anything_runs(writer: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        _asking.of(writer, "landmarks", "landmarks")


# -- rates, budget, retries


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_requests_a_minute_are_kept() -> None:
    clock = Clock()
    rate = asking.Rate(asking.Limits(rpm=120), clock, clock.sleep)
    for _ in range(5):
        rate.take(10)
    assert clock.now == pytest.approx(102.0) and clock.slept == pytest.approx([0.5] * 4)


def test_tokens_a_minute_are_kept() -> None:
    clock = Clock()
    rate = asking.Rate(asking.Limits(rpm=0, tpm=6000), clock, clock.sleep)
    for tokens in (300, 100, 50):
        rate.take(tokens)
    assert clock.slept == pytest.approx([3.0, 1.0])


def test_waits_double_and_a_service_is_waited_for_as_long_as_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT", 1.0)
    clock = Clock()
    waits = iter([0.0, 0.0, 30.0])

    def writer(question: Question) -> Answer:
        if (wait := next(waits, None)) is not None:
            raise llm.busy("full", wait)
        return Answer("done")

    rate = asking.Rate(asking.Limits(rpm=0), clock, clock.sleep)
    assert asking.ask(writer, Question("", "q", {}), rate, 5, clock.sleep).text == "done"
    first, second, third = clock.slept
    assert 0.5 <= first <= 1.0 <= second <= 2.0 and third == 30.0


def test_the_budget_is_never_passed(tmp_path: Path) -> None:
    """Each answer costs 200 in and 50 out at $1 and $2 a thousand: $0.30; the most one can cost is promised first."""
    prices = {"price_in": 1000.0, "price_out": 2000.0, "max_tokens": 60}
    with serving(Service(always=captions(GOOD))) as service:
        free = how_of("openai", service, **prices)
        asks = [an_ask(free, [f"- fact {n}", "- 5 unnamed: ship"]) for n in range(8)]
        most = asking.Price(1000.0, 2000.0).cost(int(1.3 * asks[0].question.tokens()), 60)
        how = how_of("openai", service, budget=round(most + 0.7, 2), parallel=4, **prices)
        with pytest.raises(ServiceError, match=r"the budget of \$.* is reached .*Raise --budget, or go on .*--replay"):
            _asking.fill(how, asks, tmp_path / "01-x")
        asked = count(service)
        with _answers.opened(tmp_path / "cache/answers.sqlite") as memory:
            n, into, out = memory.spent("m-1")
        spent = asking.Price(1000.0, 2000.0).cost(into, out)
        assert n == asked and 0 < spent <= how.budget and asked < 8
        assert spent + most > how.budget, "it goes on, one at a time, while one more can be paid"
        with pytest.raises(ServiceError):
            _asking.fill(how, asks, tmp_path / "01-x")
        assert count(service) - asked <= 1 or spent + most <= how.budget, "what was spent before counts"
        _asking.fill(free, asks, tmp_path / "01-x")
    assert count(service) == 8, "each was asked once in all runs"


def test_a_service_that_is_down_is_not_asked_for_ever(tmp_path: Path) -> None:
    with serving(Service(always=("status", 503))) as service:
        how = how_of("openai", service, retries=0)
        asks = [an_ask(how, [f"- fact {n}"]) for n in range(40)]
        with pytest.raises(ServiceError, match="40 questions have no answer"):
            _asking.fill(how, asks, tmp_path / "01-x")
    assert count(service) == asking.GIVE_UP


def test_replay_asks_nothing_and_uses_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Service(captions(GOOD))) as service:
        how = how_of("gemini", service)
        known, unknown = an_ask(how), an_ask(how, ["- fact"])
        tell(how, [known], tmp_path)
    monkeypatch.delenv("GEMINI_API_KEY")
    again = _asking.of({"llm": "gemini", "model": "m-1", "replay": True}, "landmarks", "landmarks")
    found = tell(again, [known, unknown], tmp_path)
    assert found == [([GOOD], []), ([], [("no-answer", "not asked, or not answered", 1)])]


def test_a_plan_states_requests_tokens_and_cost(tmp_path: Path) -> None:
    how = _asking.of({"llm": "gemini", "model": "gemini-2.5-flash-001", "rpm": 10}, "landmarks", "landmarks")
    asks = [an_ask(how, [f"- fact {n}"], n=2) for n in range(30)]
    found = _asking.plan(how, asks, tmp_path / "01-x")
    tokens = sum(ask.question.tokens() for ask in asks)
    assert found[:5] == (30, 0, 30, tokens, 30 * 100) and found.minutes == 3.0
    assert found.cost == pytest.approx((tokens * 0.30 + 3000 * 2.50) / 1e6)
    assert found.worst is not None and found.worst > 10 * found.cost
    assert _asking.plan(how, [*asks, *asks[:4]], tmp_path / "01-x")[:3] == (34, 0, 30), "equal questions are asked once"
    unknown = _asking.of({"llm": "gemini", "model": "x"}, "landmarks", "landmarks")
    assert _asking.plan(unknown, asks, tmp_path / "01-x").cost is None


# -- batches


@pytest.mark.parametrize("client", ["gemini", "openai"])
def test_a_batch_goes_out_and_its_answers_come_in(client: str, tmp_path: Path) -> None:
    how = _asking.of({"llm": client, "model": "m-1", "endpoint": "http://host/v1"}, "landmarks", "landmarks")
    asks = [an_ask(how), an_ask(how, ["- 5 unnamed: ship"]), an_ask(how, ["- fact"])]
    file, results, out = tmp_path / "batch.jsonl", tmp_path / "results.jsonl", tmp_path / "01-landmarks"
    assert _asking.export(how, asks, out, file) == 3
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    if client == "openai":
        assert rows[0]["custom_id"] == asks[0].key and rows[0]["url"] == "/v1/chat/completions"
        good = {"choices": [{"message": {"content": captions(GOOD)}}], "usage": {"prompt_tokens": 9}}
        told = [
            {"custom_id": asks[0].key, "response": {"status_code": 200, "body": good}},
            {"custom_id": asks[1].key, "response": {"status_code": 500, "body": {}}},
        ]
    else:
        assert rows[0]["key"] == asks[0].key and rows[0]["request"]["generationConfig"]["seed"] == 0
        good = {"candidates": [{"content": {"parts": [{"text": captions(GOOD)}]}, "finishReason": "STOP"}]}
        told = [{"key": asks[0].key, "response": good}, {"key": asks[1].key, "error": {"code": 500}}]
    results.write_text("\n".join(map(json.dumps, told)) + "\n")
    assert _asking.take_in(how, out, results) == (1, 1)
    replay = how._replace(replay=True)
    _asking.fill(replay, asks, out)
    assert [kept for kept, _ in map(_asking.Answers(replay, out).checked, asks)] == [[GOOD], [], []]
    assert _asking.export(how, asks, out, file) == 2, "what is answered is not asked again"


def test_a_broken_batch_line_is_named() -> None:
    with pytest.raises(BadAnnotation, match=r"r.jsonl:2: no result line of a batch"):
        list(batch.parse(['{"key": "a", "error": {}}', '{"response": {}}'], "r.jsonl"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"captions": ["A b.", " c  d "]}', ["A b.", "c d"]),
        ('```json\n{"captions": ["A."]}\n```', ["A."]),
        ('{"caption": "A."}', ["A."]),
        ('["A.", "B."]', ["A.", "B."]),
    ],
)
def test_captions_of_an_answer(text: str, found: list[str]) -> None:
    assert _asking.captions_in(text) == found


@pytest.mark.parametrize("text", ["", "A caption.", "{}", '{"captions": [1]}', '{"captions": "', "null", "3"])
def test_no_captions_of_an_answer(text: str) -> None:
    with pytest.raises(ValueError):
        _asking.captions_in(text)


def test_prices_are_found_by_the_longest_name() -> None:
    assert asking.price("gemini-2.5-flash-lite-001") == asking.Price(0.10, 0.40)
    assert asking.price("gemini-2.5-flash") == asking.Price(0.30, 2.50)
    assert asking.price("llama") is None
