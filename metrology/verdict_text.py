"""The sentence that goes with a verdict, in English and in Chinese."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from metrology.scale import Scale
from metrology.uniformity import Measure

_WIDE: Final = Context(prec=80)
_NAMES_ZH: Final[dict[Measure, str]] = {
    "range": "均匀度",
    "hardness percent": "均匀度（按硬度）",
    "diameter percent": "均匀度（按压痕直径）",
}
_NAMES_EN: Final[dict[Measure, str]] = {
    "range": "uniformity",
    "hardness percent": "uniformity by hardness",
    "diameter percent": "uniformity by indentation diameter",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The numbers behind a verdict: hardness in the scale's unit, uniformity in the measure's."""

    scale: Scale
    regulation: str
    provisional: bool
    measure: Measure
    mean: Decimal
    value: Decimal
    uniformity: Decimal
    limit: Decimal
    in_range: bool
    uniform: bool

    @property
    def passed(self) -> bool:
        """Say whether nothing speaks against the block."""
        return self.in_range and self.uniform


def reason_en(finding: Finding) -> str:
    """Return the reason as one English sentence."""
    scale = finding.scale
    block = scale.designate(finding.value)
    if finding.in_range:
        relation = "is within" if finding.uniform else "exceeds"
        uniformity, limit = _numbers(finding)
        claim = (
            f"The {_NAMES_EN[finding.measure]} of {uniformity} {relation} the limit of {limit} "
            f"for {block} ({finding.regulation})"
        )
    else:
        claim = (
            f"The mean of {scale.designate(_plain(finding.mean))} lies outside the range of the "
            f"scale, {scale.low} to {scale.high}"
        )
    doubt = "; provisional, because these limits are not yet confirmed"
    return claim + (doubt if finding.provisional else "") + "."


def reason_zh(finding: Finding) -> str:
    """Return the reason as one Chinese sentence."""
    scale = finding.scale
    if finding.in_range:
        relation = "不超过" if finding.uniform else "超过"
        uniformity, limit = _numbers(finding)
        claim = (
            f"标准块硬度值{scale.designate(finding.value)}，{_NAMES_ZH[finding.measure]}"
            f"{uniformity}，{relation}{finding.regulation}允许值{limit}"
        )
    else:
        claim = (
            f"硬度平均值{scale.designate(_plain(finding.mean))}"
            f"超出标尺适用范围（{scale.low}~{scale.high}）"
        )
    doubt = "；允许值尚未经计量人员确认，结论为暂定"
    return claim + (doubt if finding.provisional else "") + "。"


def _numbers(finding: Finding) -> tuple[str, str]:
    """Write uniformity and limit with as many decimals as it takes to tell them apart."""
    decimals = 2
    left, right = finding.uniformity, finding.limit
    while left != right and _fixed(left, decimals) == _fixed(right, decimals) and decimals < 12:
        decimals += 1
    unit = f" {finding.scale.symbol}" if finding.measure == "range" else " %"
    return f"{_fixed(left, decimals)}{unit}", f"{_fixed(right, decimals)}{unit}"


def _fixed(number: Decimal, decimals: int) -> str:
    step = Decimal(1).scaleb(-decimals)
    return str(number.quantize(step, ROUND_HALF_EVEN, _WIDE))


def _plain(number: Decimal) -> Decimal:
    """Shorten an unrounded mean for reading; nothing is decided by it."""
    shown = _fixed(number, 4)
    return Decimal(shown.rstrip("0").rstrip("."))
