"""Money is an integer number of fen everywhere; yuan exists only at the edges."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

FEN_PER_YUAN = 100


def fen_from_yuan(text: str) -> int:
    """Fen from a yuan amount with at most two decimals, e.g. "380.00" → 38000.

    Raises ValueError for anything that is not a finite, non-negative amount of whole fen.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("not an amount of money") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("not an amount of money")
    fen = amount * FEN_PER_YUAN
    if fen != fen.to_integral_value():
        raise ValueError("not an amount of whole fen")
    return int(fen)


def percent_text(basis_points: int) -> str:
    """Basis points as one writes a percentage, e.g. 2000 → "20%", 850 → "8.5%"."""
    return f"{Decimal(basis_points) / 100:.2f}".rstrip("0").rstrip(".") + "%"


def yuan_text(fen: int) -> str:
    """Fen as yuan with two decimals, e.g. 38000 → "380.00"."""
    return f"{Decimal(fen) / FEN_PER_YUAN:.2f}"
