"""What every answer is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """What a coordinator answers. Members that a newer one adds are kept, and can be read as any other."""

    model_config = ConfigDict(extra="allow", protected_namespaces=(), populate_by_name=True)
