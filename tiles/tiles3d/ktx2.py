"""KTX2 textures (ETC1S, Basis Universal): they stay compressed in video memory, at an eighth of a WebP's or JPEG's size there.

Encoding is done by npm's ``ktx2-encoder`` (MIT; Basis Universal in it Apache-2.0) in a process of node that lives as
long as ours. It is no part of the product: ``scripts/ktx2.sh`` puts it into ``var/tools``.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from tiles.tiles3d.errors import EncoderMissing
from tiles.tiles3d.mesh import U8
from twin.settings import get_settings

#: Width, height and RGBA in; length and file out. What the encoder prints goes to the log, not between the answers.
_SERVE = """
console.log = console.error
const { encodeToKTX2 } = await import(process.argv[1])
const fs = await import('node:fs')
const take = (length) => {
  const found = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const n = fs.readSync(0, found, at, length - at)
    if (!n) process.exit(0)
    at += n
  }
  return found
}
for (;;) {
  const head = take(8)
  const [width, height] = [head.readUInt32LE(0), head.readUInt32LE(4)]
  const data = new Uint8Array(take(width * height * 4))
  const made = await encodeToKTX2(data, { isUASTC: false, qualityLevel: 128, compressionLevel: 1, generateMipmap: true,
    isSetKTX2SRGBTransferFunc: true, isPerceptual: true, imageDecoder: async () => ({ width, height, data }) })
  const size = Buffer.alloc(4)
  size.writeUInt32LE(made.length)
  for (const piece of [size, made]) for (let at = 0; at < piece.length; ) at += fs.writeSync(1, piece, at)
}
"""
_running: tuple[int, subprocess.Popen[bytes]] | None = None


def encoder() -> Path:
    """The encoder's module.

    Raises:
        EncoderMissing: says what to install.
    """
    module = get_settings().var_dir / "tools" / "node_modules" / "ktx2-encoder" / "dist" / "node" / "index.js"
    if shutil.which("node") is None:
        raise EncoderMissing("node", "KTX2 textures are encoded by node 20 or newer, which is not installed")
    if not module.is_file():
        raise EncoderMissing("ktx2-encoder", "KTX2 textures need npm's ktx2-encoder: run scripts/ktx2.sh once")
    return module


def _process() -> subprocess.Popen[bytes]:
    """This process's own encoder (a forked worker does not share its parent's)."""
    global _running
    if _running is None or _running[0] != os.getpid() or _running[1].poll() is not None:
        command = ["node", "--input-type=module", "-e", _SERVE, encoder().resolve().as_uri()]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        _running = (os.getpid(), process)
    return _running[1]


def encode(pixels: U8) -> bytes:
    """A KTX2 file with mipmaps of H x W x 3|4 pixels; scaled up to multiples of 4, as KHR_texture_basisu asks.

    Raises:
        EncoderMissing: not installed, or it ended in the middle.
    """
    image = Image.fromarray(pixels).convert("RGBA")
    wanted = (-(-image.width // 4) * 4, -(-image.height // 4) * 4)
    if image.size != wanted:
        image = image.resize(wanted, Image.Resampling.BICUBIC)
    process = _process()
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(struct.pack("<II", *wanted) + np.asarray(image).tobytes())
        process.stdin.flush()
        size = process.stdout.read(4)
        data = process.stdout.read(struct.unpack("<I", size)[0]) if len(size) == 4 else b""
    except BrokenPipeError:
        data = b""
    if not data:
        raise EncoderMissing("ktx2-encoder", f"ended while it encoded a picture of {wanted[0]} x {wanted[1]}")
    return data
