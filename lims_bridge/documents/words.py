"""The words of the documents, Chinese and English, in the terms of the regulations."""

from __future__ import annotations

from typing import Final

from lims_bridge.issue import Kind, Language

Words = dict[str, str | None]
"""``zh`` and ``en``; a language that a document does not speak is None."""

TITLES: Final[dict[Kind, tuple[str, str]]] = {
    "verification": ("检定证书", "Verification Certificate"),
    "notice": ("检定结果通知书", "Verification Result Notice"),
    "calibration": ("校准证书", "Calibration Certificate"),
}
VERIFYING: Final = ("检定", "Verified")
CALIBRATING: Final = ("校准", "Calibrated")

LABELS: Final[dict[str, tuple[str, str]]] = {
    "number": ("证书编号", "Certificate No."),
    "customer": ("送检单位", "Customer"),
    "customer_calibration": ("委托单位", "Customer"),
    "address": ("单位地址", "Address"),
    "item": ("计量器具名称", "Instrument"),
    "model": ("型号 / 规格", "Model / specification"),
    "serial": ("出厂编号", "Serial No."),
    "manufacturer": ("制造单位", "Manufacturer"),
    "method": ("检定依据", "Verification regulation"),
    "method_calibration": ("校准依据", "Calibration method"),
    "conclusion": ("检定结论", "Conclusion"),
    "tester": ("检定员", "Verified by"),
    "tester_calibration": ("校准员", "Calibrated by"),
    "checker": ("核验员", "Checked by"),
    "approver": ("批准人", "Approved by"),
    "measured_on": ("检定日期", "Date of verification"),
    "measured_on_calibration": ("校准日期", "Date of calibration"),
    "valid_until": ("有效期至", "Valid until"),
    "issued_on": ("签发日期", "Date of issue"),
    "received_on": ("收样日期", "Date of receipt"),
    "authorisation": ("授权证书号", "Authorisation No."),
    "lab_address": ("地址", "Address"),
    "phone": ("电话", "Phone"),
    "postcode": ("邮编", "Postcode"),
    "fax": ("传真", "Fax"),
    "email": ("电子邮箱", "E-mail"),
    "website": ("网址", "Website"),
    "record": ("原始记录号", "Original record No."),
    "order": ("委托单号", "Order No."),
    "place": ("检定地点", "Place"),
    "place_calibration": ("校准地点", "Place"),
    "temperature": ("温度", "Temperature"),
    "humidity": ("相对湿度", "Relative humidity"),
    "scale": ("标尺", "Scale"),
    "force": ("试验力 F0 / F", "Test forces F0 / F"),
    "indenter": ("压头", "Indenter"),
    "size": ("标准块尺寸", "Size of the block"),
    "identified_by": ("身份确认", "Identity settled by"),
    "equipment": ("计量标准及主要设备", "Standards and main equipment"),
    "role": ("用途", "Use"),
    "name": ("名称", "Name"),
    "identity": ("编号", "Identity"),
    "range": ("测量范围", "Measuring range"),
    "uncertainty_of": ("不确定度 / 准确度等级 / 最大允许误差", "Uncertainty / class / MPE"),
    "certificate": ("证书编号 / 溯源机构", "Certificate / issued by"),
    "valid": ("有效期至", "Valid until"),
    "conditions": ("检定条件", "Conditions"),
    "conditions_calibration": ("校准条件", "Conditions"),
    "checks": ("标准装置核查", "Checks of the standard machine"),
    "kind": ("核查", "Check"),
    "block": ("标准块", "Block"),
    "mean": ("平均值", "Mean"),
    "certified": ("标准值", "Certified"),
    "deviation": ("偏差", "Deviation"),
    "limit": ("允许值", "Limit"),
    "found": ("结果", "Result"),
    "readings": ("硬度值", "Hardness readings"),
    "point": ("压痕", "Indent"),
    "x": ("x / mm", "x / mm"),
    "y": ("y / mm", "y / mm"),
    "hardness": ("硬度", "Hardness"),
    "dwell": ("保持时间 / s", "Dwell / s"),
    "total_force": ("总试验力 / N", "Total force / N"),
    "record_no": ("记录号", "Record No."),
    "results": ("检定结果", "Results of verification"),
    "results_calibration": ("校准结果", "Results of calibration"),
    "quantity": ("项目", "Quantity"),
    "allowed": ("允许值", "Limit"),
    "verdict": ("结论", "Conclusion"),
    "value": ("标准块硬度值（平均值）", "Hardness of the block (mean)"),
    "uniformity": ("均匀度", "Uniformity"),
    "expanded": ("扩展不确定度", "Expanded uncertainty"),
    "failed": ("不合格项目", "Failed items"),
    "budget": ("测量不确定度", "Uncertainty of measurement"),
    "component": ("分量", "Component"),
    "standard_uncertainty": ("标准不确定度", "Standard uncertainty"),
    "combined": ("合成标准不确定度", "Combined standard uncertainty"),
    "surface": ("工作面与压痕位置", "Test face and indentations"),
    "photograph": ("检定后的工作面照片", "Photograph of the test face after the indentations"),
    "map": ("压痕位置图（尺寸单位 mm）", "Map of the indentations (mm)"),
    "notes": ("说明", "Notes"),
    "replaces": ("替代", "Replaces"),
    "end": ("以下空白", "End of document"),
    "digital": ("记录摘要（SHA-256）", "Digest of the record (SHA-256)"),
}

ROLES: Final[dict[str, tuple[str, str]]] = {
    "standard machine": ("标准装置", "Standard machine"),
    "indenter": ("压头", "Indenter"),
    "primary block": ("上级标准块", "Primary block"),
    "auxiliary": ("配套设备", "Auxiliary"),
}
CHECKS: Final[dict[str, tuple[str, str]]] = {
    "opening-check": ("开机核查", "Opening check"),
    "closing-check": ("关机核查", "Closing check"),
}
COMPONENTS: Final[dict[str, tuple[str, str]]] = {
    "u_CRM-1": ("上级标准块", "Primary block"),
    "u_xCRM-1": ("标准装置在上级标准块上的重复性", "Repeatability of the machine on it"),
    "u_CRM-D": ("上级标准块的漂移", "Drift of the primary block"),
    "u_ms": ("标准装置的分辨力", "Resolution of the machine"),
    "u_xCRM-2": ("被检块的重复性与不均匀性", "Repeatability and non-uniformity of this block"),
}
UNIFORMITY: Final[dict[str, tuple[str, str]]] = {
    "range": ("最大值与最小值之差", "largest less smallest reading"),
    "hardness percent": (
        "硬度极差与平均值之比",
        "range of hardness in percent of the mean",
    ),
    "diameter percent": (
        "压痕直径极差与平均直径之比",
        "range of diameters in percent of the mean diameter",
    ),
}

PASS: Final = ("合格", "Pass")
FAIL: Final = ("不合格", "Fail")
ELECTRONIC: Final[dict[Kind, tuple[str, str]]] = {
    "verification": (
        "本证书为电子证书，以带电子签章的 PDF 文件为准，打印件仅供参考。",
        "This is an electronic certificate: the sealed PDF file is the original, "
        "a print is a copy.",
    ),
    "notice": (
        "本通知书为电子文件，以带电子签章的 PDF 文件为准，打印件仅供参考。",
        "This is an electronic notice: the sealed PDF file is the original, a print is a copy.",
    ),
    "calibration": (
        "本证书为电子证书，以带电子签章的 PDF 文件为准，打印件仅供参考。",
        "This is an electronic certificate: the sealed PDF file is the original, "
        "a print is a copy.",
    ),
}
DRAFT: Final = ("草稿 不得使用", "DRAFT – not for use")
DEMO: Final = ("演示 非真实证书", "DEMO – not a real certificate")
DRAFT_WHY: Final = (
    "草稿：规程的允许值尚未经计量人员与正式文本核对，结论为暂定，本文件不得作为证书使用。",
    "Draft: nobody has compared the limits with the licensed text of the regulation yet. "
    "The conclusion is provisional; this is no certificate.",
)
DEMO_WHY: Final = (
    "演示：数据来自模拟的实验室，电子签章使用演示密钥，没有任何机构为其负责。",
    "Demonstration: the data come from a simulated laboratory and the seal is made with a "
    "demonstration key. No institution stands behind it.",
)


def speak(words: tuple[str, str], language: Language) -> Words:
    """Return words in the language of a document; what was never translated stays Chinese."""
    zh, en = words
    if language == "zh":
        return {"zh": zh, "en": None}
    if language == "en":
        return {"zh": None, "en": en or zh}
    return {"zh": zh, "en": en if en and en != zh else None}


def label(key: str, language: Language, kind: Kind = "verification") -> Words:
    """Return a label; a calibration certificate has words of its own for some."""
    own = f"{key}_calibration"
    chosen = own if kind == "calibration" and own in LABELS else key
    return speak(LABELS[chosen], language)
