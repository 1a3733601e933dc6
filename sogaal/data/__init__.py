"""Tables: what a `Dataset` is, the shipped ones, and readers for people's own."""

from sogaal.data.conforming import Conformed, conform_frame
from sogaal.data.dataset import MIN_ROWS, Dataset
from sogaal.data.excel import sheet_names
from sogaal.data.folder import list_tables, table_path
from sogaal.data.gaps import gap_words, marks_gaps
from sogaal.data.heads import column_names
from sogaal.data.limits import MAX_BYTES
from sogaal.data.openml import openml_number, openml_table
from sogaal.data.profile import ColumnProfile, Profile
from sogaal.data.reading import profile_and_read, profile_source, read_table
from sogaal.data.registry import (
    ShippedDataset,
    datasets_folder,
    list_datasets,
    load_dataset,
    openml_roles,
    profile_file,
    shipped_dataset,
    shipped_datasets,
)
from sogaal.data.scanning import Chunk, scan_table

__all__ = [
    "MAX_BYTES",
    "MIN_ROWS",
    "Chunk",
    "ColumnProfile",
    "Conformed",
    "Dataset",
    "Profile",
    "ShippedDataset",
    "column_names",
    "conform_frame",
    "datasets_folder",
    "gap_words",
    "list_datasets",
    "list_tables",
    "load_dataset",
    "marks_gaps",
    "openml_number",
    "openml_roles",
    "openml_table",
    "profile_and_read",
    "profile_file",
    "profile_source",
    "read_table",
    "scan_table",
    "sheet_names",
    "shipped_dataset",
    "shipped_datasets",
    "table_path",
]
