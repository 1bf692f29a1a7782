"""The drawing process: `python -m bot.charts.worker`. Plots in on stdin, pictures out on stdout.

Both are framed: four bytes of length, big-endian, then a plot as MessagePack, or a PNG. An answer of length 0: this
plot could not be drawn; why stands on stderr, a line. It ends when stdin does, so with the bot, even a killed one;
a drawing that hangs is ended by the alarm, whether or not the bot still lives.
"""

import logging
import signal
import struct
import sys
import warnings
from typing import BinaryIO

import msgspec

from bot.charts.plots import Plot

LONGEST_S = 20  # a drawing; the bot has given it up by then
HEAD = struct.Struct(">I")
MOST = 8_000_000  # bytes of a plot or a picture


def main(plots: BinaryIO, pictures: BinaryIO) -> None:
    """Draw until there is no more to draw."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the bot's to handle
    warnings.simplefilter("ignore")  # a letter that no font has is drawn as a box
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from bot.charts.draw import draw  # noqa: PLC0415 - it is heavy, and its warnings are heard from here on

    read = msgspec.msgpack.Decoder(Plot).decode
    while len(head := plots.read(HEAD.size)) == HEAD.size:
        if hasattr(signal, "alarm"):
            signal.alarm(LONGEST_S)
        try:
            png = draw(read(plots.read(HEAD.unpack(head)[0])))
        except Exception as error:  # noqa: BLE001 - this process's supervisor: whatever one plot trips over, the next is drawn
            sys.stderr.write(f"{type(error).__name__}: {str(error)[:200]}\n")
            sys.stderr.flush()
            png = b""
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        pictures.write(HEAD.pack(len(png)) + png)
        pictures.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
