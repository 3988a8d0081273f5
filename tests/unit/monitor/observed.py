"""Observations of samples that nobody has judged."""

from monitor.judgement.verdict import Level, Verdict
from monitor.observation import Diagnosis, Observation
from monitor.sample import Sample


def observed(sample: Sample, level: Level = "unknown") -> Observation:
    diagnosis = Diagnosis("insufficient_evidence", "Nothing can be said.")
    return Observation(sample, Verdict(level, "nothing was measured"), diagnosis)
