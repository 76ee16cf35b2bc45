"""More than four images in a row.

Our screens come in sets of four; more of them are a mistake of the export.
"""

from mmvalidate import Hit, row_rule


@row_rule("MY001", "too-many-screens", "warning", needs="media")
def check(case):
    """Count the images."""
    images = case.facts.of_kind("image")
    if len(images) > 4:
        yield Hit(f"{len(images)} images in one row", "Split the row.", evidence={"images": len(images)})
