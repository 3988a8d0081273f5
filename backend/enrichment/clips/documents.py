"""Clips, and what models say of their frames, as JSON has them."""

from typing import Any

from backend.enrichment.clips.clip import Clip, OwnClips
from backend.enrichment.clips.questions import Answer, Answers
from backend.enrichment.clips.scoring import Scores


def clip_document(clip: Clip, *, ttl_s: float, idle_s: float = 0.0) -> dict[str, Any]:
    """One clip; times in seconds, sizes in pixels and bytes."""
    return {
        "id": clip.id,
        "source": clip.source,
        "frames": len(clip.frames),
        "times_s": [round(time_s, 6) for time_s in clip.times_s],
        "width": clip.width,
        "height": clip.height,
        "size_bytes": clip.size_bytes,
        "idle_s": round(idle_s, 3),
        "expires_in_s": round(max(0.0, ttl_s - idle_s), 3),
    }


def clips_document(own: OwnClips, *, ttl_s: float) -> dict[str, Any]:
    """What a caller keeps, and may keep."""
    clips = [clip_document(clip, ttl_s=ttl_s, idle_s=idle_s) for clip, idle_s in own.clips]
    for clip in clips:
        del clip["times_s"]
    return {
        "clips": clips,
        "used_bytes": own.used_bytes,
        "quota_bytes": own.quota.most_bytes,
        "clips_allowed": own.quota.most_clips,
    }


def best_shot_document(clip: Clip, scores: Scores, shots: tuple[int, ...]) -> dict[str, Any]:
    """The best frames, the best first, and the scores of all."""
    bands = scores.description.bands
    return {
        "clip": clip.id,
        "model": {
            "name": scores.model,
            "version": scores.version,
            "variant": scores.description.variant,
            "random_weights": scores.description.random_weights,
        },
        "shots": [
            {
                "frame": number,
                "time_s": round(clip.times_s[number], 6),
                "score": score,
                "band": bands.of(score),
            }
            for number in shots
            if (score := scores.values[number]) is not None
        ],
        "scores": list(scores.values),
    }


def answers_document(clip: Clip, answers: Answers) -> dict[str, Any]:
    """What a model says of frames, and of what a detector found in them."""
    with_detector = answers.detector is not None
    return {
        "clip": clip.id,
        "model": answers.model.answered_by,
        "detector": answers.detector.answered_by if answers.detector else None,
        "answers": [_answer(clip, answer, with_detector) for answer in answers.answers],
    }


def _answer(clip: Clip, answer: Answer, with_detector: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "frames": list(answer.frames),
        "times_s": [round(clip.times_s[number], 6) for number in answer.frames],
        "result": answer.result,
    }
    if with_detector:
        document["detections"] = [
            {"label": found.label, "score": found.score, "box": found.box, "result": result}
            for found, result in answer.detections
        ]
    return document
