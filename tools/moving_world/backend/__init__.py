"""Django's SQLite backend, with an ear at every durable commit."""
