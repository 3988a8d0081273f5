"""Rules that read the gateway. Each says what is waited for, or None. Pure."""

from monitor.judgement.causes import waiting
from monitor.judgement.causes.evidence import evidence
from monitor.judgement.causes.facts import BUSY_RATIO, FULL_RATIO, GATEWAY, TRITON, Facts
from monitor.observation import Diagnosis, DiagnosisCode

# Half of an answer's time and more than any answer takes in an idle gateway.
DOMINANT_RATIO, DOMINANT_MS = 0.5, 20.0


def full_host(facts: Facts) -> Diagnosis | None:
    """Where all processors are full, whoever uses more of them holds up the other."""
    gateway, triton = facts.cpu_percents.get(GATEWAY), facts.cpu_percents.get(TRITON)
    ratio = facts.gateway_cpu_ratio
    if not facts.host_full or gateway is None or triton is None or ratio is None:
        return None
    if gateway < triton or ratio < BUSY_RATIO:
        return None
    return _gateway(facts, "The machine's processors are full, most of them with the gateway")


def full_gateway(facts: Facts) -> Diagnosis | None:
    ratio = facts.gateway_cpu_ratio
    if ratio is None or ratio < FULL_RATIO:
        return None
    return _gateway(facts, "The gateway's workers are busy all the time")


def long_time_in_gateway(facts: Facts) -> Diagnosis | None:
    """Most of an answer's time passes in the gateway although its processors are not full."""
    own_ms, model = facts.gateway_own_ms, waiting.busiest(facts)
    total_ms = None if facts.gateway is None else facts.gateway.total_ms
    if own_ms is None or total_ms is None:
        return None
    # A wait for Triton may be for its instances, unless these are known to be free.
    idle = model is not None and model.busy_ratio is not None and model.busy_ratio < FULL_RATIO
    wait_ms = (facts.lane_wait_ms or 0.0) if idle else 0.0
    ratio = facts.gateway_cpu_ratio
    if own_ms + wait_ms < max(DOMINANT_MS, DOMINANT_RATIO * total_ms):
        return None
    most = "Most of an answer's time passes in the gateway"
    if ratio is None:
        sentence = f"{most}; whether its workers are busy is not known."
        return Diagnosis("insufficient_evidence", sentence, evidence(facts))
    if ratio >= BUSY_RATIO:
        return Diagnosis("gateway_bound", f"{most}.", evidence(facts))
    if wait_ms > own_ms:
        sentence = "Frames wait in the gateway for a free connection to Triton"
        if facts.host_full:
            sentence += "; the machine's processors are full, so more of them would not help."
        else:
            sentence += ", whose instances are not all busy: more connections would help."
        return Diagnosis("gateway_bound", sentence, evidence(facts))
    sentence = f"{most}, whose workers are idle meanwhile: pictures arrive slowly."
    return Diagnosis("under_driven", sentence, evidence(facts))


def _gateway(facts: Facts, sentence: str) -> Diagnosis:
    needed, used = facts.preprocessing_cpu_percent, facts.cpu_percents.get(GATEWAY)
    code: DiagnosisCode = "gateway_bound"
    if needed is not None and used is not None and needed >= used / 2:
        code = "preprocessing_bound"
        sentence += ", and more than half of that is decoding and resizing pictures"
    return Diagnosis(code, f"{sentence}.", evidence(facts))
