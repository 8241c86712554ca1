"""Kind: what a stream of media looks like by its first bytes."""

from televise.formats.mpegts import PACKET_BYTES, SYNC

# So many first bytes say all that there is to know.
HEAD_BYTES = 512
TRANSPORT, FLV, MATROSKA, MP4 = "MPEG-TS", "FLV", "WebM or Matroska", "MP4"
JPEG, TEXT = "JPEG", "text"
_MAGIC = {
    b"FLV\x01": FLV,  # Adobe Flash Video File Format Specification 10.1, E.2
    b"\x1a\x45\xdf\xa3": MATROSKA,  # RFC 8794 section 8.1
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "AVI, WAV or WebP",
    b"OggS": "Ogg",
    b"\x00\x00\x01\xba": "MPEG-PS",  # ISO/IEC 13818-1 2.5.3.4
    b"#EXTM3U": "a playlist",
}
# ISO/IEC 14496-12: what may stand first.
_BOXES = (b"ftyp", b"styp", b"moov", b"moof", b"sidx", b"mdat")
_SPACES = b"\t\n\r"


def kind_of(head: bytes) -> str:
    """What begins with ``head``, in words; '' where that is not known (yet)."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    if head[4:8] in _BOXES:
        return MP4
    if len(head) > PACKET_BYTES:
        if head[0] == head[PACKET_BYTES] == SYNC:
            return TRANSPORT
        if all(32 <= byte < 127 or byte in _SPACES for byte in head):
            return TEXT
    return ""


def has_index_last(head: bytes) -> bool:
    """Whether it begins an MP4 whose samples (mdat) stand before what says where each is (moov,
    moof): nobody can show it before all of it is there."""
    position = 0
    while position + 8 <= len(head):
        size, name = int.from_bytes(head[position : position + 4], "big"), head[position + 4 :][:4]
        if name in (b"moov", b"moof", b"mdat") or size < 8:
            return name == b"mdat"
        position += size
    return False
