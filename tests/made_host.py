"""A host that is made of files, where tests read what a kernel tells."""

from pathlib import Path

from gradual_common.process.kernel_files import KernelFiles


def host(root: Path, files: dict[str, str]) -> KernelFiles:
    """A host with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return KernelFiles(root)
