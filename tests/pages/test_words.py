"""Words from outside stay words where Streamlit reads Markdown; what the browser makes of them is looked at there."""

import pytest

from pages._words import plain

JOINER = "\u2060"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("**b** [x](y) $z$", r"\*\*b\*\* \[x\](y) \$z\$"),
        (":red[hi] :smile:", r"\:red\[hi\] \:smile:"),
        ("seed: 1 at 10:30", r"seed: 1 at 10\:30"),
        ("two\nlines  and more", "two lines and more"),
    ],
)
def test_marks_of_markdown_are_escaped(text: str, written: str) -> None:
    assert plain(text) == written


@pytest.mark.parametrize(
    "text", ["https://x.org", "WWW.x.org", "a@x.org", ":material/bolt:", ":streamlit:", "see http://x.org now"]
)
def test_what_becomes_a_link_or_an_icon_even_escaped_is_broken_by_a_joiner_of_no_width(text: str) -> None:
    found = plain(text)
    assert found.count(JOINER) == 1
    assert found.replace(JOINER, "").replace("\\", "") == text
