"""How well and how fast `backend.faces` finds faces, beside plain searches with the same cascades."""
