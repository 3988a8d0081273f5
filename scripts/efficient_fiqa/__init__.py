"""The importer of `efficient_fiqa`: weights that are fetched, checked and made servable here."""
