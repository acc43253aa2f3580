"""Rows of ids with their loss mask, for verl's data.custom_cls: they are rendered and cut already."""

from typing import Any

import pandas as pd
import torch
from torch.utils.data import Dataset


class TokenisedRows(Dataset[dict[str, torch.Tensor]]):
    """The rows of parquet files with the columns input_ids and loss_mask, without padding."""

    def __init__(
        self,
        parquet_files: str | list[str],
        tokenizer: Any = None,
        config: Any = None,
        processor: Any = None,
        max_samples: int = -1,
    ) -> None:
        files = [parquet_files] if isinstance(parquet_files, str) else list(parquet_files)
        rows = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
        self.rows = rows.head(max_samples) if max_samples > 0 else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        row = self.rows.iloc[index]
        ids, mask = (torch.tensor(list(row[name])) for name in ("input_ids", "loss_mask"))
        return {"input_ids": ids, "position_ids": torch.arange(len(ids)), "loss_mask": mask}
