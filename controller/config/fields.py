"""What every section is made of: strict kinds of values, and findings that span several keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A frozen table of the file; keys it does not know are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong between keys; ``path`` leads to it from the table that found it."""

    path: tuple[str, ...]
    text: str


def refuse(text: str) -> PydanticCustomError:
    """Return the error for one value; the text says what is wrong and, after ';', what to do."""
    return PydanticCustomError("refused", "{text}", {"text": text})


def refuse_all(findings: Sequence[Finding]) -> None:
    """Raise one error that carries all findings; do nothing without any."""
    if findings:
        raise PydanticCustomError("findings", "keys contradict", {"findings": tuple(findings)})


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise refuse(f"{value!r} is not a number; write digits without quotes")
    try:
        return float(value)
    except (OverflowError, ValueError):
        raise refuse("is not a usable number; write a finite one") from None


def _exact(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise refuse(f"{value!r} is not a number; write digits, as in 60.3")
    # A float of our own code means the figure it was written as, not its binary neighbour.
    return str(value) if isinstance(value, float) else value


def _listed(length: int) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not isinstance(value, list | tuple) or len(value) != length:
            raise refuse(f"is not a list of {length} numbers; write [{', '.join('xyz'[:length])}]")
        return value

    return check


def _printable(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise refuse(f"{value!r} has blanks around it or signs that cannot be printed; remove them")
    return value


Number: TypeAlias = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Exact: TypeAlias = Annotated[Decimal, BeforeValidator(_exact)]
Whole: TypeAlias = Annotated[int, Field(strict=True)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]

Seconds: TypeAlias = Annotated[Number, Field(gt=0, le=3600)]
Millimetres: TypeAlias = Annotated[Number, Field(ge=-3200, le=3200)]
XY: TypeAlias = Annotated[tuple[Millimetres, Millimetres], BeforeValidator(_listed(2))]
XYZ: TypeAlias = Annotated[
    tuple[Millimetres, Millimetres, Millimetres], BeforeValidator(_listed(3))
]
