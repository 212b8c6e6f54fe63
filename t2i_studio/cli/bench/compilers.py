"""Which way to run the embedded model's network is quickest on this processor (engine.compilers)."""

from t2i_studio.cli.bench.figures import Figure
from t2i_studio.engine.registry import find_model
from t2i_studio.settings import Settings


def measure() -> list[Figure]:
    """Milliseconds of a step, its time beside the engine's, and seconds until the first step was taken."""
    from t2i_studio.engine.compilers import step_times

    ways = step_times(find_model(Settings(), "podium").source)
    own = ways["packed"].step
    return [
        figure
        for name, way in ways.items()
        for figure in (
            Figure(f"a step, {name}", 1000 * way.step, "ms"),
            Figure(f"its time, the engine's being 1, {name}", way.step / own, "×"),
            Figure(f"until the first step was taken, {name}", way.ready, "s"),
        )
    ]
