"""Labels for the points of a route: a QR code that opens the handheld's check-in, and the same in letters."""

from __future__ import annotations

from urllib.parse import quote

from domain.inspections.models import InspectionPlan
from twin.documents import pdf


async def labels(plan: InspectionPlan, base: str) -> bytes:
    """PDF (A4, two labels across, to be cut out) with a label a point.

    Args:
        base: address of the product as the reader sees it, ending in ``/``; the scanner opens pages of its own address only.
    """
    rows, pictures = [], dict[str, bytes]()
    for number, point in enumerate(plan.route):
        picture = f"p{number}.png"
        pictures[picture] = pdf.qr(f"{base}m/point/{quote(point['tag'], safe='')}")
        rows.append({"name": point["name"], "plan": plan.name, "tag": point["tag"], "picture": picture})
    return await pdf.make("tags", {"title": plan.name, "labels": rows}, pictures)
