"""The analysis imports scipy when it computes, not when it is imported: that takes longer than most commands run."""

import subprocess
import sys

PROGRAM = """
import sys
from importlib import import_module
from pkgutil import walk_packages
import gradual_master.analysis as analysis
for found in walk_packages(analysis.__path__, "gradual_master.analysis."):
    import_module(found.name)
assert "gradual_master.analysis.comparison.compare" in sys.modules
print([name for name in sys.modules if name.partition(".")[0] == "scipy"])
"""


def test_the_import_of_the_analysis_does_not_load_scipy() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
