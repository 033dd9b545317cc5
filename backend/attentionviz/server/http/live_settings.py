"""Limits of live texts and images, and of request bodies, from the settings."""

import os

from attentionviz.live.service import LiveService, ServiceLimits
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.settings.installation import MODELS
from attentionviz.settings.settings import Settings

MAX_BODY_BYTES = 64 * 1024
MAX_IMAGE_BYTES = 10 * 1024 * 1024
# Overhead of multipart/form-data around a file.
FORM_BYTES = 64 * 1024
MAX_WAITING = 8


def largest_body(settings: Settings) -> int:
    """Return the limit in bytes of the largest body that any route accepts."""
    return MAX_IMAGE_BYTES + FORM_BYTES if settings.live else MAX_BODY_BYTES


def make_service(settings: Settings) -> LiveService:
    """Create the live service from the settings; its process is not started yet."""
    worker = WorkerSettings(
        data_dir=settings.data_dir,
        local_models=MODELS,
        model_folders=tuple(folder.resolve() for folder in settings.live_models),
        max_characters=settings.live_characters,
        max_tokens=settings.live_tokens,
        memory_mb=settings.live_memory_mb,
        cache_mb=settings.live_cache_mb,
        n_threads=min(settings.live_threads, os.cpu_count() or 1),
    )
    # A waiting request blocks a thread of the server; half of the threads stay free for others.
    n_waiting = min(MAX_WAITING, max(settings.threads // 2 - 1, 0))
    limits = ServiceLimits(
        settings.live_seconds, settings.live_load_seconds, settings.live_idle_seconds, n_waiting
    )
    return LiveService(worker, limits)
