"""Ed25519 once more, from RFC 8032 section 5.1 and nothing else: slow, and shares no code with OpenSSL."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def _plus(a: Point, b: Point) -> Point:
    """The affine addition law (section 5.1.4, before its projective form)."""
    (x1, y1), (x2, y2) = a, b
    both = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + both, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - both, P - 2, P)
    return x % P, y % P


def _times(factor: int, point: Point) -> Point:
    total = NEUTRAL
    while factor:
        if factor & 1:
            total = _plus(total, point)
        point, factor = _plus(point, point), factor >> 1
    return total


def _decode(data: bytes) -> Point | None:
    """Section 5.1.3."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


def _encode(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> Point:
    point = _decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


B = _base()


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _expand(seed: bytes) -> tuple[int, bytes]:
    whole = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(whole[:32], "little") & ~7 & (2**254 - 1) | 2**254
    return scalar, whole[32:]


def public(seed: bytes) -> bytes:
    """Section 5.1.5."""
    return _encode(_times(_expand(seed)[0], B))


def sign(seed: bytes, content: bytes) -> bytes:
    """Section 5.1.6."""
    scalar, prefix = _expand(seed)
    r = _hash(prefix, content) % L
    big_r = _encode(_times(r, B))
    k = _hash(big_r, public(seed), content) % L
    return big_r + ((r + k * scalar) % L).to_bytes(32, "little")


def verifies(key: bytes, content: bytes, signature: bytes) -> bool:
    """Section 5.1.7, without the cofactor."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, s = _decode(key), int.from_bytes(signature[32:], "little")
    if a is None or s >= L:
        return False
    k = _hash(signature[:32], key, content) % L
    x, y = _times(k, a)
    return _encode(_plus(_times(s, B), ((P - x) % P, y))) == signature[:32]
