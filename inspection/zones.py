"""Where a finding lies when who saw it could not tell: by category, kind and view.

A model names a scratch, and neither knows what a phone is nor which side of it was photographed. The
rubrics tell zones apart: a scratch on the glass of a phone is worse than one on its back, and a torn label
is not a torn bottle. A zone that was told is never changed.
"""

from collections.abc import Mapping
from dataclasses import replace

from inspection.findings import DefectKind as K
from inspection.findings import Finding, Zone
from inspection.findings import Zone as Z

ZONES: Mapping[str, Mapping[K, Zone]] = {
    "electronics": {K.SCRATCH: Z.FRONT, K.CRACK: Z.FRONT, K.SMUDGE: Z.FRONT},
    "beverage": {K.TEAR: Z.PACKAGING, K.CREASE: Z.PACKAGING, K.MISSING_PART: Z.SEAL},
    "carton": {K.OPENED_SEAL: Z.SEAL},
    "tableware": {K.CHIP: Z.EDGE},
}
"""Category -> kind -> the zone that such a defect lies in, unless the view says otherwise.

Of cosmetics nothing stands here: whether its box or the item itself lies on the bench, no table knows.
"""

VIEWS: Mapping[str, Mapping[str, Zone]] = {
    "electronics": {"back": Z.BACK, "edge": Z.EDGE, "left": Z.EDGE, "right": Z.EDGE},
}
"""Category -> view -> the zone of everything seen in it."""


def placed(category: str, finding: Finding) -> Finding:
    """The finding with the zone of its category's tables, where it was in none."""
    if finding.zone != Z.ANY:
        return finding
    kinds, views = ZONES.get(category, {}), VIEWS.get(category, {})
    zone = views.get(finding.view, kinds.get(finding.kind, Z.ANY))
    return replace(finding, zone=zone)
