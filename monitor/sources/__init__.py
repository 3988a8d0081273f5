"""What is asked: NVML, Triton, the gateway, the host and its processes."""
