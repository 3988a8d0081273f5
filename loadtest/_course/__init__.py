"""How a run goes: its stages one after the other, the monitor beside it, its folder."""
