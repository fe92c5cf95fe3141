"""YOLO by Ultralytics (AGPL-3.0) for a site's own defects and parts: folder checked, trained, exported."""
