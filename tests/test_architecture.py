"""The rules that hold the project together, kept by tests and not by goodwill."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sogaal
from tests.conftest import ROOT

EXPORTED = {
    "Dataset": "sogaal.data",
    "History": "sogaal.history",
    "JobRegistry": "sogaal.jobs",
    "MOGAAL": "sogaal.detector",
    "PRESETS": "sogaal.config",
    "SOGAAL": "sogaal.detector",
    "TrainConfig": "sogaal.config",
    "Trainer": "sogaal.trainer",
    "list_datasets": "sogaal.data",
    "load_dataset": "sogaal.data",
    "load_model": "sogaal.exports",
    "save_model": "sogaal.exports",
}
FIGURES_MAY_IMPORT = {"sogaal.figures", "sogaal.history", "sogaal.frames", "sogaal.planes", "sogaal.metrics"}
FIGURES_MAY_IMPORT_FROM_OUTSIDE = {"numpy", "plotly"} | sys.stdlib_module_names


def imports(file: Path) -> set[str]:
    """The modules a file imports, wherever in it, by their full names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add(str(node.module))
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def project_files() -> list[Path]:
    """The files that belong to the project, as git sees them."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout: which files belong to the project is not known")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def check_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a checkout, in a process of its own: it changes how logging is set up for all."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as check; check()"]
    return subprocess.run([*command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


class TestNames:
    def test_the_exported_names_are_these(self) -> None:
        assert set(sogaal.__all__) == {*EXPORTED, "__version__"}

    @pytest.mark.parametrize("name", sorted(EXPORTED))
    def test_each_comes_from_its_module(self, name: str) -> None:
        module = __import__(EXPORTED[name], fromlist=[name])
        assert getattr(sogaal, name) is getattr(module, name)

    def test_dir_lists_them(self) -> None:
        assert set(sogaal.__all__) <= set(dir(sogaal))

    def test_no_other_name(self) -> None:
        with pytest.raises(AttributeError, match="has no attribute 'SOGALL'"):
            sogaal.SOGALL  # noqa: B018

    def test_version_is_that_of_the_package(self) -> None:
        declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
        assert declared is not None
        assert sogaal.__version__ == declared[1]


class TestDirection:
    @pytest.mark.parametrize(
        ("statement", "unwanted"),
        [
            ("import sogaal", "torch streamlit pandas sklearn plotly numpy"),
            ("import sogaal.launch", "torch streamlit pandas sklearn plotly numpy"),
            ("import sogaal.figures", "torch streamlit"),
            ("import sogaal.data, sogaal.config", "torch streamlit"),
            ("import sogaal.jobs, sogaal.detector", "streamlit"),
        ],
    )
    def test_an_import_stays_light(self, statement: str, unwanted: str) -> None:
        probe = f"{statement}; import sys; print(sorted(set({unwanted.split()!r}) & set(sys.modules)))"
        command = [sys.executable, "-c", probe]
        assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip() == "[]"

    def test_import_contracts(self) -> None:
        run = check_contracts(ROOT)
        assert run.returncode == 0, run.stdout + run.stderr

    def test_import_contracts_can_fail(self, tmp_path: Path) -> None:
        """The contracts are read, and see what they forbid: a copy with one wrong import breaks them."""
        shutil.copytree(ROOT / "sogaal", tmp_path / "sogaal", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "pages", tmp_path / "pages", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
        for file, line in (
            ("sogaal/frames.py", "import sogaal.trainer"),
            ("sogaal/figures/theme.py", "import sogaal.config"),
            ("sogaal/metrics.py", "import streamlit"),
            ("pages/_form.py", "import torch"),
        ):
            with (tmp_path / file).open("a", encoding="utf-8") as end:
                end.write(f"\n{line}\n")
        run = check_contracts(tmp_path)
        assert run.returncode == 1, run.stdout + run.stderr
        for text in (
            "sogaal.frames -> sogaal.trainer",
            "sogaal.figures.theme -> sogaal.config",
            "sogaal.metrics -> streamlit",
            "pages._form -> torch",
        ):
            assert text in run.stdout

    def test_figures_import_nothing_else(self) -> None:
        files = sorted((ROOT / "sogaal" / "figures").rglob("*.py"))
        assert files
        for file in files:
            for name in imports(file):
                if name.split(".")[0] == "sogaal":
                    assert name == "sogaal" or ".".join(name.split(".")[:2]) in FIGURES_MAY_IMPORT, f"{file}: {name}"
                else:
                    assert name.split(".")[0] in FIGURES_MAY_IMPORT_FROM_OUTSIDE, f"{file}: {name}"

    def test_pages_and_app_import_no_torch(self) -> None:
        files = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py")]
        assert len(files) > 1
        for file in files:
            assert "torch" not in {name.split(".")[0] for name in imports(file)}, file

    def test_sogaal_imports_no_streamlit(self) -> None:
        for file in (ROOT / "sogaal").rglob("*.py"):
            assert "streamlit" not in {name.split(".")[0] for name in imports(file)}, file


class TestFiles:
    def test_no_path_of_one_machine_and_no_package_registry(self) -> None:
        # Put together here, so that this file does not contain what it looks for.
        hosts = "|".join(re.escape(".".join(parts)) for parts in (("pypi", "org"), ("pythonhosted", "org"))) + "|"
        hosts += re.escape(".".join(("download", "pytorch", "org")))
        pattern = re.compile(rf"(?<![\w.~*-])/(?:home|Users|root|work|opt|mnt)/\w|{hosts}")
        found = []
        for file in project_files():
            try:
                text = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture or an array
            found += [f"{file.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
        assert not found

    def test_every_requirement_is_pinned(self) -> None:
        for name in ("requirements.txt", "requirements-dev.txt"):
            lines = (ROOT / name).read_text().splitlines()
            wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
            assert wanted
            assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line) for line in wanted), name
        assert "torch==2.13.0" in (ROOT / "requirements.txt").read_text().splitlines()

    def test_scripts_can_be_run(self) -> None:
        if sys.platform == "win32":
            pytest.skip("Windows has no executable bit")
        assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
