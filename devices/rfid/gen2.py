"""What every UHF tag sends, whatever the module that reads it. Source: EPC UHF Gen2 2.1, 6.3.2.1.2."""

from binascii import crc_hqx


def tag_crc(content: bytes) -> int:
    """The CRC that a tag sends behind these bytes, which are its PC, extended PC and EPC: CRC-16/GENIBUS.

    >>> hex(tag_crc(bytes.fromhex("3000000000000000000000001545")))
    '0xe94a'
    """
    return crc_hqx(content, 0xFFFF) ^ 0xFFFF


def pc_of(epc: bytes) -> int:
    """The plainest protocol control word that fits an EPC of whole words."""
    return len(epc) // 2 << 11
