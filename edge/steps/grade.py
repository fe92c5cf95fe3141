"""Ask the models, in their worker thread, with every failure as a hold."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

import structlog

from edge.bench import Hold
from inspection.detector import Detection
from inspection.journey import HoldReason
from models.errors import BankRefused, CalibrationRefused, ModelError, ModelRefused

log = structlog.get_logger()


async def detect(look: Callable[[], Detection], executor: Executor) -> Detection | Hold:
    """Run the detector; whatever fails inside becomes a hold, so that the bench stays usable."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(executor, look)
    except (ModelRefused, BankRefused, CalibrationRefused) as error:
        return Hold(reason=HoldReason.MODEL_MISSING, detail=str(error))
    except ModelError as error:
        return Hold(reason=HoldReason.MODEL_FAILED, detail=str(error))
    except Exception as error:  # a detector may be anybody's: its fault must not stop the station
        log.exception("detector.failed")
        return Hold(reason=HoldReason.MODEL_FAILED, detail=type(error).__name__)
