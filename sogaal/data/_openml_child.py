"""Downloads one table of OpenML; `sogaal.data.openml` runs this file as a program, and ends it where it takes too long.

Its arguments: the number of the table, a folder that is deleted afterwards, the seconds that one answer may take. It
writes one JSON object a line: `{}` once it begins to ask, `{}` once the server has answered, then the name and the
targets of the table, which lies in the folder as table.parquet; in place of any of these `{"error": ...}`, the last.
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen


class _Refusal(Exception):
    """No table, and why, in words for people."""


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _describe(number: int) -> dict[str, Any]:
    """What OpenML says about the table; raises _Refusal where it says nothing."""
    try:
        with urlopen(f"https://www.openml.org/api/v1/json/data/{number}") as answer:
            return dict(json.load(answer)["data_set_description"])
    except HTTPError as error:
        with error:
            reason = _reason(error.read())
        if reason:
            raise _Refusal(f"OpenML refuses it: {reason!r}. Is the number right?") from error
        raise _Refusal(
            f"www.openml.org answers {error.code} {error.reason} in place of the table. Try again later."
        ) from error
    except OSError as error:
        raise _Refusal(
            f"the table cannot be downloaded: www.openml.org does not answer ({error}). Is there a network?"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _Refusal(
            "the table cannot be downloaded: what answers in place of www.openml.org is something else."
        ) from error


def _reason(body: bytes) -> str:
    """Why OpenML does not give a table: its first interface says it as error.message, its second as detail."""
    try:
        said = json.loads(body)
        return str(said["error"]["message"] if "error" in said else said["detail"])
    except (ValueError, KeyError, TypeError):
        return ""


def _download(number: int, place: Path) -> dict[str, object]:
    from sklearn.datasets import fetch_openml

    try:
        found = fetch_openml(data_id=number, as_frame=True, parser="auto", n_retries=1, data_home=place)
    except TimeoutError as error:
        raise _Refusal("the table cannot be downloaded: OpenML fell silent in the middle. Try again later.") from error
    except ValueError as error:
        if "md5" not in str(error):
            raise
        raise _Refusal(
            "the table arrived damaged, twice: its MD5 checksum is not the one that OpenML tells. Try again later."
        ) from error
    frame = found.frame
    frame.columns = [str(name) for name in frame.columns]
    frame.to_parquet(place / "table.parquet", index=False)
    return {"name": found.details["name"], "targets": [str(one) for one in found.target_names]}


def _main(number: int, place: Path) -> None:
    try:
        _say({})
        about = _describe(number)
        _say({})
        if str(about.get("format", "")).lower() == "sparse_arff":
            raise _Refusal("OpenML keeps this table in the sparse form, which is not read.")
        _say(_download(number, place))
    except _Refusal as error:
        _say({"error": str(error)})
    except Exception as error:  # whatever it is, people are told in one line
        _say({"error": f"the table cannot be downloaded ({type(error).__name__}: {error})."})


if __name__ == "__main__":
    socket.setdefaulttimeout(float(sys.argv[3]))
    _main(int(sys.argv[1]), Path(sys.argv[2]))
