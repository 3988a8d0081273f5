"""One graph in several precisions and runtimes: how fast, and how far its scores move."""
