"""Chinese and Korean: measure words, numbers, particles by sound, and quantifiers that are true of the count."""

from __future__ import annotations

from typing import Any

import pytest

from rsdata import words
from rsdata.stages._groups import things
from rsdata.words.render import Group, language, render

ZH, KO = "zh", "ko"


def said(code: str, rule: str, *groups: Group, style: str = "full", pick: int = 0, **facts: Any) -> str:
    slot = {"area": "land", "scene": "scene"}.get(rule.split("/")[0], "things")
    return render(code, rule, {"style": style, "pick": pick, slot: groups, **facts})


def counted(code: str, counts: dict[str, int], style: str = "full") -> str:
    groups = things(counts, 1000, 0)
    return said(code, "count/all" if style == "full" else "count/drawn", *groups, style=style)


@pytest.mark.parametrize(
    ("n", "chinese", "korean"),
    [
        (0, "0架飞机", "비행기 0대가"),
        (1, "一架飞机", "비행기 한 대가"),
        (2, "两架飞机", "비행기 두 대가"),
        (5, "五架飞机", "비행기 다섯 대가"),
        (10, "十架飞机", "비행기 열 대가"),
        (11, "11架飞机", "비행기 11대가"),
        (21, "21架飞机", "비행기 21대가"),
        (22, "22架飞机", "비행기 22대가"),
        (101, "101架飞机", "비행기 101대가"),
    ],
)
def test_numbers_stand_with_their_counter(n: int, chinese: str, korean: str) -> None:
    group = Group("airplane", "a" if n == 1 else "count", n)
    assert said(ZH, "count/all", group) == f"图像中有{chinese}。"
    assert said(KO, "count/all", group) == f"영상에 {korean} 있습니다."


def test_remoteclip_writes_digits() -> None:
    assert counted(ZH, {"ship": 1, "person": 2}, "remoteclip") == "图像中有1艘船和2个人。"
    assert counted(KO, {"ship": 1, "person": 2}, "remoteclip") == "영상에 선박 1척과 사람 2명이 있습니다."


@pytest.mark.parametrize(
    ("concept", "chinese", "korean"),
    [
        ("ship", "两艘船", "선박 두 척"),
        ("car", "两辆汽车", "승용차 두 대"),
        ("train", "两列火车", "열차 두 대"),
        ("bridge", "两座桥", "교량 두 개"),
        ("building", "两栋建筑", "건물 두 동"),
        ("storage_tank", "两个储罐", "저장 탱크 두 기"),
        ("tennis_court", "两个网球场", "테니스장 두 면"),
        ("tree_crown", "两棵树", "나무 두 그루"),
        ("cow", "两头牛", "소 두 마리"),
        ("cyclist", "两名骑行者", "자전거 타는 사람 두 명"),
        ("road", "两段道路", "도로 두 구간"),
        ("snow", "两片雪地", "눈 덮인 구역 두 곳"),
        ("boeing_737", "两架波音737", "보잉 737 두 대"),
    ],
)
def test_each_noun_has_its_counter(concept: str, chinese: str, korean: str) -> None:
    assert chinese in counted(ZH, {concept: 2})
    assert korean in counted(KO, {concept: 2})


def test_every_noun_names_its_counter() -> None:
    for code in (ZH, KO):
        assert [name for name in words.concepts() if not language(code).noun(name).get("counter")] == []


@pytest.mark.parametrize(
    ("n", "chinese", "korean"),
    [
        (11, {"许多汽车", "十几辆汽车"}, {"많은 승용차", "승용차 10여 대"}),
        (20, {"许多汽车"}, {"많은 승용차"}),
        (21, {"许多汽车", "超过二十辆汽车"}, {"많은 승용차", "20대가 넘는 승용차"}),
        (60, {"许多汽车", "数十辆汽车"}, {"많은 승용차", "승용차 수십 대"}),
        (100, {"许多汽车", "上百辆汽车"}, {"많은 승용차", "다수의 승용차"}),
        (
            101,
            {"许多汽车", "上百辆汽车", "一百多辆汽车"},
            {"많은 승용차", "다수의 승용차", "100대가 넘는 승용차"},
        ),
        (531, {"许多汽车", "数百辆汽车"}, {"많은 승용차", "승용차 수백 대"}),
        (1200, {"许多汽车", "成百上千辆汽车"}, {"많은 승용차", "수많은 승용차"}),
    ],
)
def test_quantifiers_are_true_of_the_count(n: int, chinese: set[str], korean: set[str]) -> None:
    groups = [Group("car", "many", n, pick) for pick in range(12)]
    assert {said(ZH, "count/all", group) for group in groups} == {f"图像中有{text}。" for text in chinese}
    found = {said(KO, "count/all", group).removeprefix("영상에 ").removesuffix(" 있습니다.") for group in groups}
    assert {text[:-1] for text in found} == korean  # without the particle


@pytest.mark.parametrize(
    ("counts", "chinese", "korean"),
    [
        ({"ship": 1, "oil_tanker": 1}, "一艘油轮和另外一艘船", "유조선 한 척과 다른 선박 한 척이"),
        ({"person": 2, "cyclist": 3}, "三名骑行者和另外两个人", "자전거 타는 사람 세 명과 다른 사람 두 명이"),
        (
            {"airplane": 3, "building": 2, "harbor": 1},
            "三架飞机、两栋建筑和一个港口",
            "비행기 세 대, 건물 두 동, 항구 한 곳이",
        ),
    ],
)
def test_lists_and_the_wider_concept(counts: dict[str, int], chinese: str, korean: str) -> None:
    assert counted(ZH, counts) == f"图像中有{chinese}。"
    assert counted(KO, counts) == f"영상에 {korean} 있습니다."


def test_words_without_a_number() -> None:
    assert said(ZH, "position/spread", Group("person", "the", 12)) == "人们遍布整幅图像。"
    assert said(ZH, "count/all", Group("vehicle", "many", 12)) == "图像中有许多车辆。"
    assert said(ZH, "count/all", Group("vehicle", "count", 3)) == "图像中有三辆车。"
    assert said(ZH, "position/together", Group("ship", "all_many", 30), place="center") == "所有船只都位于图像中央。"


@pytest.mark.parametrize(
    ("concept", "korean"),
    [
        ("water", "영상의 약 절반이 수역으로 덮여 있습니다."),
        ("road", "영상의 약 절반이 도로로 덮여 있습니다."),
        ("gravel", "영상의 약 절반이 자갈로 덮여 있습니다."),
        ("snow", "영상의 약 절반이 눈으로 덮여 있습니다."),
    ],
)
def test_korean_cover_takes_its_particle_by_sound(concept: str, korean: str) -> None:
    assert said(KO, "area/share", Group(concept, "mass"), share="half") == korean


def test_land_cover_in_lists() -> None:
    land = [Group("tree", "mass"), Group("snow", "mass"), Group("road", "mass")]
    assert said(ZH, "area/kinds", *land) == "图像显示了树木、积雪和道路。"
    assert said(KO, "area/kinds", *land) == "영상에 나무, 눈, 도로가 보입니다."
    shares = [Group("forest", "share", key="half"), Group("water", "share", key="third")]
    assert said(ZH, "area/shares", *shares) == "图像显示了森林（约占一半）和水域（约占三分之一）。"
    assert said(KO, "area/shares", *shares) == "영상에 숲(약 절반)과 수역(약 3분의 1)이 보입니다."


@pytest.mark.parametrize(
    ("concept", "chinese", "korean"),
    [
        (
            "zoo",
            "一幅动物园的俯视图像，分辨率为每像素0.5米。",
            "동물원을 픽셀당 0.5m 해상도로 위에서 촬영한 영상입니다.",
        ),
        ("river", "一幅河流的俯视图像，分辨率为每像素0.5米。", "강을 픽셀당 0.5m 해상도로 위에서 촬영한 영상입니다."),
        ("ship", "一幅船的俯视图像，分辨率为每像素0.5米。", "선박을 픽셀당 0.5m 해상도로 위에서 촬영한 영상입니다."),
    ],
)
def test_a_scene_is_named_without_a_number(concept: str, chinese: str, korean: str) -> None:
    facts = {"view": "overhead", "gsd": 0.5}
    assert said(ZH, "scene/view_gsd", Group(concept, "scene"), **facts) == chinese
    assert said(KO, "scene/view_gsd", Group(concept, "scene"), **facts) == korean
