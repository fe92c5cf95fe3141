"""The models of an installation, loaded: what a station and `regrade grade` look with."""

from concurrent.futures import Executor
from dataclasses import dataclass

from models.backbone import Backbone, load_backbone
from models.heads import Head
from models.judging import JudgedDetector, SiteJudge, judge_of
from models.pipeline import ReferencePipeline
from models.registry import Registry, load_heads
from models.store import ReferenceStore
from models.watching import WatchfulDetector
from models.working import AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """Every file read once: one that is put in its place later was checked and approved by nobody."""

    backbone: Backbone
    heads: tuple[Head, ...]
    judge: SiteJudge | None

    def detector(self, store: ReferenceStore, *, pool: Executor = AT_ONCE) -> JudgedDetector:
        """Compare with the references of a store; raises ModelError kinds where it must not be used."""
        pipeline = ReferencePipeline(self.backbone, store, heads=self.heads, pool=pool)
        watchful = WatchfulDetector(pipeline, self.backbone, pool=pool)
        return JudgedDetector(detector=watchful, judge=self.judge)


def load_models(registry: Registry, threads: int = 2) -> Loaded:
    """Load all that a registry let through; raises ModelRefused."""
    return Loaded(
        backbone=load_backbone(registry.backbone().folder, threads=threads),
        heads=tuple(load_heads(registry, threads=threads)),
        judge=judge_of(registry),
    )
