"""Disks with files in them, made by the programs that real ones are made by; no root, no mounting."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MIB = 1 << 20

# Everybody's test for scanners, put together here so that no scanner objects to this file.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

Files = Mapping[str, bytes]


def needs(*programs: str) -> None:
    """Skip the test where one of them is not installed."""
    os.environ["PATH"] += "" if "/usr/sbin" in os.environ["PATH"] else ":/usr/sbin:/sbin"
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; see scripts/setup --test")


def tree(folder: Path, files: Files) -> Path:
    """The files below ``folder``/tree, which is empty before."""
    root = folder / "tree"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def run(*words: str | Path, **more: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, **more)  # type: ignore[call-overload]


def ext4(folder: Path, files: Files, *, kind: str = "ext4", size: int = 16 * MIB) -> Path:
    needs("mke2fs")
    return ext_of(tree(folder, files), folder / f"{kind}.img", kind=kind, size=size)


def ext_of(root: Path, path: Path, *, kind: str = "ext4", size: int = 16 * MIB) -> Path:
    needs("mke2fs")
    path.unlink(missing_ok=True)
    run("mke2fs", "-q", "-t", kind, "-d", root, path, f"{size // 1024}k")
    return path


def fat(folder: Path, files: Files, *, bits: int = 16, size: int = 16 * MIB) -> Path:
    needs("mkfs.vfat", "mcopy")
    path = folder / "fat.img"
    path.unlink(missing_ok=True)
    run("mkfs.vfat", "-F", str(bits), "-C", path, str(size // 1024))
    run("mcopy", "-s", "-i", path, *sorted(tree(folder, files).iterdir()), "::/")
    return path


def ntfs(folder: Path, files: Files, *, size: int = 16 * MIB) -> Path:
    """Files of the root only."""
    needs("mkntfs", "ntfscp")
    path = folder / "ntfs.img"
    path.write_bytes(b"")
    os.truncate(path, size)
    run("mkntfs", "-q", "-F", "-Q", path)
    root = tree(folder, files)
    for name in files:
        run("ntfscp", "-f", path, root / name, name)
    return path


def iso(folder: Path, files: Files) -> Path:
    needs("xorriso")
    path = folder / "cd.iso"
    path.unlink(missing_ok=True)
    run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", path, tree(folder, files))
    return path


MAKERS: Mapping[str, Callable[[Path, Files], Path]] = {
    "ext2": lambda folder, files: ext4(folder, files, kind="ext2"),
    "ext3": lambda folder, files: ext4(folder, files, kind="ext3"),
    "ext4": ext4,
    "fat12": lambda folder, files: fat(folder, files, bits=12),
    "fat16": fat,
    "fat32": lambda folder, files: fat(folder, files, bits=32, size=64 * MIB),
    "ntfs": ntfs,
    "iso9660": iso,
}
"""By the kind that a reader tells."""


def partitioned(path: Path, parts: list[bytes], *, label: str = "gpt") -> Path:
    """A disk with those partitions, one behind the other from 1 MiB on."""
    needs("sfdisk")
    script = [f"label: {label}"]
    offset = MIB
    places = []
    for part in parts:
        size = -(-len(part) // MIB) * MIB
        script.append(f"start={offset // 512}, size={size // 512}, type=L")
        places.append(offset)
        offset += size
    path.write_bytes(b"")
    os.truncate(path, offset + MIB)
    run("sfdisk", "-q", path, input="\n".join(script).encode())
    with path.open("r+b") as file:
        for place, part in zip(places, parts, strict=True):
            file.seek(place)
            file.write(part)
    return path
