"""Who speaks: a language model by its name, or the demo's rules of thumb, which are none.

Whatever shows a question, a proposal, or what came of one, takes these words from here. Who speaks is known by the name
in the row, which a proposal keeps when its question is forgotten; no model has that of the rules (`endpoints.name_of`).
"""

from dataclasses import dataclass
from typing import Final

from farms.advice import rules

_NAME_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class Voice:
    """`signature` stands at its words, `who` names it in a sentence of ours, `mark` says who wrote its `ai_state`."""

    signature: str
    who: str
    mark: str


MODEL_MARK: Final = "Advice of a language model"
RULES: Final = Voice(
    "rules of thumb of the demo, not a model",
    "the demo's rules of thumb",
    "Advice of the demo's rules of thumb, not a model",
)
MARKS: Final = (MODEL_MARK, RULES.mark)


def voice_of(model: str) -> Voice:
    """Of what stands in the column `model` of a question or a proposal."""
    if model == rules.NAME:
        return RULES
    return Voice(f"{model[:_NAME_LENGTH]}, a model", "a language model", MODEL_MARK)
