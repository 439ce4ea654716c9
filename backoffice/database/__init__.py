"""The way to PostgreSQL and back: the engine, its connections and transactions, and what each failure means."""
