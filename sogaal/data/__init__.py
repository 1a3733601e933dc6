"""Tables: what a `Dataset` is, the shipped ones, and readers for people's own."""

from sogaal.data.conforming import Conformed, conform_frame
from sogaal.data.dataset import MIN_ROWS, Dataset
from sogaal.data.heads import column_names
from sogaal.data.limits import MAX_BYTES
from sogaal.data.reading import read_table
from sogaal.data.registry import ShippedDataset, datasets_folder, list_datasets, load_dataset, shipped_datasets
from sogaal.data.scanning import Chunk, scan_table

__all__ = [
    "MAX_BYTES",
    "MIN_ROWS",
    "Chunk",
    "Conformed",
    "Dataset",
    "ShippedDataset",
    "column_names",
    "conform_frame",
    "datasets_folder",
    "list_datasets",
    "load_dataset",
    "read_table",
    "scan_table",
    "shipped_datasets",
]
