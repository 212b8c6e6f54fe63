"""Which words of a prompt a model would cut off."""

from typing import TYPE_CHECKING, Any

from t2i_studio.brief.tokens import UNLIMITED, plain
from t2i_studio.errors import StudioError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def pipeline_tokenizer(pipe: Any, limit: int | None) -> "tuple[Tokenizer, int] | None":
    """A loaded pipeline's tokenizer and its limit in tokens; its folder may keep it in an older form."""
    from tokenizers import Tokenizer

    parts = [part for name, part in pipe.components.items() if name.startswith("tokenizer") and part is not None]
    fast = [part for part in parts if getattr(part, "backend_tokenizer", None) is not None]
    if not fast:
        return None
    roomy = max(fast, key=lambda part: part.model_max_length)
    return plain(Tokenizer.from_str(roomy.backend_tokenizer.to_str())), limit or roomy.model_max_length


def check_length(text: str, model: str, tokenizer: "Tokenizer", limit: int) -> None:
    """StudioError prompt.too_long, naming the words beyond the limit."""
    if limit >= UNLIMITED:
        return
    coded = tokenizer.encode(text)
    if len(coded.ids) <= limit:
        return
    words = [place for place, special in zip(coded.offsets, coded.special_tokens_mask, strict=True) if not special]
    room = limit - (len(coded.ids) - len(words))
    raise StudioError(
        "prompt.too_long", tokens=len(coded.ids), limit=limit, model=model, cut=text[words[room][0] :].strip()
    )
