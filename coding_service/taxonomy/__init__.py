"""The versioned tree of codes: its model, its files, differences between versions and exports."""

from coding_service.taxonomy.model import Code, Taxonomy

__all__ = ["Code", "Taxonomy"]
