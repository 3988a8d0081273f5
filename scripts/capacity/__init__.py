"""From a load test to the hosts that a number of cameras needs: arithmetic alone, no measuring."""
