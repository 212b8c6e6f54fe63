"""`brief`: how a description is read, as people and as programs want it."""

from tests.cli.test_generate import Run


def test_json_tells_what_was_read_and_the_prompt(run: Run) -> None:
    answer = run("brief", "冬季红色背景的白色手提包，不要文字", "--json").json
    assert (answer["product"], answer["product_en"], answer["category"]) == ("手提包", "handbag", "bags")
    assert (answer["colors"], answer["backdrop"], answer["season"]) == (["white"], "red", "winter")
    assert (answer["exclude"], answer["unknown"]) == (["text"], [])
    assert answer["prompt"] == "白色手提包，红色背景"
    assert all(answer["text"][start:end] for _, _, start, end in answer["spans"])


def test_a_product_the_model_cannot_draw_is_read_all_the_same_and_said(run: Run) -> None:
    answer = run("brief", "white robot vacuum", "--json").json
    assert answer["product_en"] == "robot vacuum"
    assert answer["prompt"] == ""
    assert "toolbox" in answer["problem"] or "工具箱" in answer["problem"]


def test_an_empty_or_overlong_description_is_one_sentence(run: Run) -> None:
    for text in ("", " ", "红" * 10_001, "a\x07b"):
        ended = run("brief", text)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
