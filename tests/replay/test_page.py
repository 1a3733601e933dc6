"""The stand-alone page holds all it needs, and nothing in it is taken for code but the player."""

import base64
import hashlib
import re

import pytest

from sogaal.replay import replay_page, script, stylesheet
from tests.replay.runs import content, record

HOSTILE = "</script><b onclick=alert(1)>'\"&<!--"


@pytest.fixture(scope="module")
def page() -> str:
    return replay_page(record().payload(title=HOSTILE, subtitle=HOSTILE), HOSTILE)


def test_a_hostile_name_stays_text(page: str) -> None:
    assert "<b onclick" not in page
    assert page.count("</script>") == 2
    data = re.search(r'id="payload">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    sent = content(data[1].encode("ascii"))
    assert (sent["title"], sent["subtitle"]) == (HOSTILE, HOSTILE)


def test_the_policy_lets_run_exactly_what_is_in_the_page(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'")
    for tag, rule in (('script type="module"', "script-src"), ("style", "style-src")):
        inside = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", page, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode("utf-8")).digest()).decode("ascii")
        assert f"{rule} 'sha256-{digest}'" in policy[1]


def test_script_and_style_name_no_address() -> None:
    assert set(re.findall(r"https?://[^\s\"']+", script() + stylesheet())) == {"http://www.w3.org/2000/svg"}


def test_a_usual_run_takes_less_than_a_megabyte() -> None:
    run = record(n=1000, every=1, stop_epochs=4)
    assert len(run.frames) >= 120
    assert len(replay_page(run.payload(frames=run.frames[:120]), "a run")) < 1_000_000
