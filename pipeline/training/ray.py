"""Training on several processes through Ray Train's TorchTrainer: data-parallel, one model each, averaged gradients."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pipeline.run.executors.ray_cluster import connected
from schemas.errors import RunError

RETRIES = 3  # of the whole group where a worker died; it resumes from the state in the folder


def train_with_ray(loop: Callable[[], object], folder: Path, workers: int, use_gpu: bool = True) -> None:
    """Run the training loop on ``workers`` processes, one GPU each where the cluster has them and ``use_gpu`` is set.

    The first process writes state and checkpoint into ``folder``, which every process must see.

    Raises:
        RunError: the workers failed more often than `RETRIES` times.
    """
    os.environ.setdefault("RAY_TRAIN_ENABLE_PRINT_PATCH", "0")  # or every line of progress is shown twice
    with connected(show_logs=True) as ray:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.torch import TorchTrainer
        from ray.train.v2.api.exceptions import TrainingFailedError

        def run_loop() -> None:
            loop()

        gpus = use_gpu and ray.cluster_resources().get("GPU", 0) >= workers
        trainer = TorchTrainer(
            run_loop,
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus),
            run_config=RunConfig(
                name="repairgen-train",
                storage_path=str(folder.resolve() / "training" / "ray"),
                failure_config=FailureConfig(max_failures=RETRIES),
            ),
        )
        try:
            trainer.fit()
        except TrainingFailedError as error:
            cause = str(error).strip().splitlines()[-1]
            raise RunError(f"training failed on its workers: {cause}; the same command resumes") from error
