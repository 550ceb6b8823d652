"""hypershard's Python side: it trains and exports models and makes the numbers TypeScript is tested against.

Nothing here is needed to run hypershard; this is the only folder that imports PyTorch.
"""

__version__ = "0.1.0"
