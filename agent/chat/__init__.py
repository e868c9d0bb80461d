"""A conversation about one ticket. The engine is `engine.Chat`; a surface (terminal, page) shows what it tells."""
