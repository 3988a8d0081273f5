"""A quality score is passed on as it is."""

from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture, row


def test_a_score_is_rounded_and_may_be_off_the_scale() -> None:
    spec = MODELS["brisque-quality"]
    for value, answered in [(23.456, 23.46), (-4.0, -4.0), (112.5, 112.5)]:
        answer = asked(spec, {"score": row(value)}, picture(64, 64))
        assert answer == {"task": "quality", "score": answered}
