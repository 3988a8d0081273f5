"""The size of an ordinary JPEG, without a decoder: what a camera page sends, in microseconds.

Source: ITU-T T.81, B.2 (the order of markers; B.2.3, the length of a scan's header).
"""

import struct

_START = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_FRAMES = (0xC0, 0xC1)  # sequential with Huffman codes; progressive and others are not ordinary
# Tables, the JFIF block and comments: nothing in them turns a picture or changes its colours.
_SKIPPED = {0xDB, 0xC4, 0xDD, 0xE0, 0xFE}


def read_size(data: bytes) -> tuple[int, int] | None:
    """Read the width and height of a JPEG that is one upright grey or colour picture.

    Returns:
        None where somebody else has to look: another format, a progressive JPEG or one whose
        first scan leaves colours out (each scan costs a pass over all pixels), EXIF and other
        application blocks, more or less than 8 bits, anything broken.
    """
    if not data.startswith(_START):
        return None
    try:
        return _walk(data)
    except (IndexError, struct.error):  # it ends before its first scan
        return None


def _walk(data: bytes) -> tuple[int, int] | None:
    at, size, components = len(_START), None, 0
    while data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == _START_OF_SCAN:
            one_for_all = data[at + 4] == components and length == 6 + 2 * components
            return size if one_for_all and at + 2 + length <= len(data) else None
        if marker in _FRAMES:
            bits, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
            if size is not None or bits != 8 or components not in (1, 3) or not height:
                return None
            size = (width, height)
        elif marker not in _SKIPPED:
            return None
        at += 2 + length
    return None
