"""The longer texts of the document."""

from backend.images import MINIMUM_SIDE, MOST_SCANS

PICTURE_RULES = f"""\
The file must be what its Content-Type says.

- EXIF orientation is applied; a broken EXIF block is ignored.
- Grey, palette, CMYK, 16-bit and progressive pictures are converted to 8-bit RGB. Transparent
  parts are laid over white.
- Of a multi-picture JPEG (MPO, as phones write) the first picture counts.
- Animated WebP and PNG files are refused: which frame would the score be of? Send one frame.
- A JPEG with more than {MOST_SCANS} scans is refused; ordinary progressive files have about ten.
- A JPEG that ends early and is nevertheless closed by an end marker is scored as decoders show
  it, grey where data is missing. Every other truncation is refused.
- A side under {MINIMUM_SIDE} pixels is refused: the score would describe the enlargement.
- The shorter side is scaled to the model's and the centre is cropped, or with `face=auto` the
  largest face with a margin. The aspect ratio is never changed."""

CURL = [
    """\
curl --data-binary @frame.jpg -H 'Content-Type: image/jpeg' $GATEWAY/v1/quality""",
    """\
curl --data-binary @frame.jpg -H 'Content-Type: image/jpeg' "$GATEWAY/v1/quality?face=auto\"""",
    """\
curl -F image=@frame.png $GATEWAY/v1/quality""",
    """\
curl --data-binary @frame.jpg -H 'Content-Type: image/jpeg' \\
    -H "Authorization: Bearer $KEY" -H 'X-Request-Timeout-Ms: 1500' $GATEWAY/v1/quality""",
]
